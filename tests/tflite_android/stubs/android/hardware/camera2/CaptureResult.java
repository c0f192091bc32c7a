package android.hardware.camera2;

import android.hardware.camera2.params.ColorSpaceTransform;
import android.hardware.camera2.params.LensShadingMap;
import android.util.Rational;

public class CaptureResult extends CameraMetadata<CaptureResult.Key<?>> {
    public static final class Key<T> {}

    public static final Key<ColorSpaceTransform> COLOR_CORRECTION_TRANSFORM = new Key<>();
    public static final Key<Integer> CONTROL_POST_RAW_SENSITIVITY_BOOST = new Key<>();
    public static final Key<float[]> SENSOR_DYNAMIC_BLACK_LEVEL = new Key<>();
    public static final Key<Integer> SENSOR_DYNAMIC_WHITE_LEVEL = new Key<>();
    public static final Key<Rational[]> SENSOR_NEUTRAL_COLOR_POINT = new Key<>();
    public static final Key<Long> SENSOR_TIMESTAMP = new Key<>();
    public static final Key<LensShadingMap> STATISTICS_LENS_SHADING_CORRECTION_MAP = new Key<>();

    @SuppressWarnings("unchecked")
    public <T> T get(Key<T> key) { return (T) values.get(key); }
}
