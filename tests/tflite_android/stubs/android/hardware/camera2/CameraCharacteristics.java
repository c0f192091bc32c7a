package android.hardware.camera2;

import android.graphics.Rect;
import android.hardware.camera2.params.BlackLevelPattern;
import android.util.Size;

public final class CameraCharacteristics extends CameraMetadata<CameraCharacteristics.Key<?>> {
    public static final class Key<T> {}

    public static final Key<Integer> LENS_FACING = new Key<>();
    public static final Key<BlackLevelPattern> SENSOR_BLACK_LEVEL_PATTERN = new Key<>();
    public static final Key<Integer> SENSOR_INFO_COLOR_FILTER_ARRANGEMENT = new Key<>();
    public static final Key<Boolean> SENSOR_INFO_LENS_SHADING_APPLIED = new Key<>();
    public static final Key<Size> SENSOR_INFO_PIXEL_ARRAY_SIZE = new Key<>();
    public static final Key<Rect> SENSOR_INFO_PRE_CORRECTION_ACTIVE_ARRAY_SIZE = new Key<>();
    public static final Key<Integer> SENSOR_INFO_WHITE_LEVEL = new Key<>();
    public static final Key<Integer> SENSOR_ORIENTATION = new Key<>();

    @SuppressWarnings("unchecked")
    public <T> T get(Key<T> key) { return (T) values.get(key); }
}
