package android.hardware.camera2.params;

public final class BlackLevelPattern {
    private final int[] offsets;

    public BlackLevelPattern(int[] offsets) { this.offsets = offsets; }

    public int getOffsetForIndex(int column, int row) { return offsets[2 * row + column]; }
}
