package android.media;

import java.util.ArrayDeque;

public class ImageReader {
    public final ArrayDeque<Image> waiting = new ArrayDeque<>();

    public Image acquireNextImage() { return waiting.poll(); }

    public interface OnImageAvailableListener {
        void onImageAvailable(ImageReader reader);
    }
}
