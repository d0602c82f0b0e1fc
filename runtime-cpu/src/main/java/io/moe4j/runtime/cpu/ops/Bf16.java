package io.moe4j.runtime.cpu.ops;

/** bfloat16: the upper half of a single. */
final class Bf16 {
    private Bf16() {}

    /** Rounds to nearest, ties to even; NaN stays NaN. */
    static short round(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            // Rounding could carry a NaN's payload away, into infinity.
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    static float widen(short value) {
        return Float.intBitsToFloat(value << 16);
    }

    /** {@code count} neighbours at {@code source} to singles at {@code destination}. */
    static void widen(long source, long destination, long count) {
        for (long i = 0; i < count; i++) {
            Lanes.setInt(destination, i, Lanes.getShort(source, i) << 16);
        }
    }

    /** {@code count} singles at {@code source}, rounded, to neighbours at {@code destination}. */
    static void round(long source, long destination, long count) {
        for (long i = 0; i < count; i++) {
            Lanes.setShort(destination, i, round(Lanes.get(source, i)));
        }
    }
}
