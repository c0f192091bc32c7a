package android.hardware.camera2.params;

public final class LensShadingMap {
    private final float[] elements;
    private final int rows, columns;

    public LensShadingMap(float[] elements, int rows, int columns) {
        this.elements = elements;
        this.rows = rows;
        this.columns = columns;
    }

    public int getRowCount() { return rows; }
    public int getColumnCount() { return columns; }
    public int getGainFactorCount() { return elements.length; }

    public void copyGainFactors(float[] destination, int offset) {
        System.arraycopy(elements, 0, destination, offset, elements.length);
    }
}
