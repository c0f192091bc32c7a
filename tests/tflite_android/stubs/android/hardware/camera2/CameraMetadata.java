package android.hardware.camera2;

import java.util.HashMap;
import java.util.Map;

public abstract class CameraMetadata<TKey> {
    public static final int LENS_FACING_FRONT = 0;
    public static final int SENSOR_INFO_COLOR_FILTER_ARRANGEMENT_RGGB = 0;
    public static final int SENSOR_INFO_COLOR_FILTER_ARRANGEMENT_GRBG = 1;
    public static final int SENSOR_INFO_COLOR_FILTER_ARRANGEMENT_GBRG = 2;
    public static final int SENSOR_INFO_COLOR_FILTER_ARRANGEMENT_BGGR = 3;
    public static final int SHADING_MODE_FAST = 1;
    public static final int STATISTICS_LENS_SHADING_MAP_MODE_ON = 1;

    /** Not of Android: what the camera would state. */
    public final Map<Object, Object> values = new HashMap<>();
}
