package android.hardware.camera2;

public final class CaptureRequest extends CameraMetadata<CaptureRequest.Key<?>> {
    public static final class Key<T> {}

    public static final Key<Integer> SHADING_MODE = new Key<>();
    public static final Key<Integer> STATISTICS_LENS_SHADING_MAP_MODE = new Key<>();

    public static final class Builder {
        public final CaptureRequest request = new CaptureRequest();

        public <T> void set(Key<T> key, T value) { request.values.put(key, value); }
    }
}
