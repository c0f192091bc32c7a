package android.util;

public final class Rational extends Number {
    private final int numerator, denominator;

    public Rational(int numerator, int denominator) {
        this.numerator = numerator;
        this.denominator = denominator;
    }

    @Override public double doubleValue() { return (double) numerator / denominator; }
    @Override public float floatValue() { return (float) doubleValue(); }
    @Override public int intValue() { return (int) doubleValue(); }
    @Override public long longValue() { return (long) doubleValue(); }
}
