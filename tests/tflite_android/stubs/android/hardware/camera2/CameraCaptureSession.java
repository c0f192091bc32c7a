package android.hardware.camera2;

public abstract class CameraCaptureSession {
    public abstract static class CaptureCallback {
        public void onCaptureCompleted(
                CameraCaptureSession session, CaptureRequest request, TotalCaptureResult result) {}
    }
}
