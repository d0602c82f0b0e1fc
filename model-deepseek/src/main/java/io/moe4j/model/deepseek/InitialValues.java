package io.moe4j.model.deepseek;

import io.moe4j.autograd.sharding.Initializer;

/**
 * Initial values from a counter-based generator: the value of an element is a function of the seed, the parameter's name and the element's index in the
 * whole parameter, and of nothing else, so that it does not depend on how the parameter is sharded. Bits come from two rounds of the
 * SplitMix64 finaliser (Steele, Lea and Flood, 2014).
 */
final class InitialValues {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final long seed;

    InitialValues(long seed) {
        this.seed = seed;
    }

    /** Ones. */
    static Initializer ones() {
        return index -> 1;
    }

    /** Normal, mean 0. */
    Initializer normal(String name, double std) {
        long key = key(name);
        return index -> (float) (std * NormalQuantile.of(uniform(key, index)));
    }

    /** Normal, mean 0, conditioned to stay within {@code cut} of 0. */
    Initializer truncatedNormal(String name, double std, double cut) {
        double above = NormalQuantile.probabilityBelow(-cut / std);
        double width = 1 - 2 * above;
        long key = key(name);
        return index -> (float) (std * NormalQuantile.of(above + width * uniform(key, index)));
    }

    /** In the open interval (0, 1): the middle of one of 2⁵² equal parts. */
    private static double uniform(long key, long index) {
        long bits = mix(mix(key + index * GOLDEN) ^ key);
        return ((bits >>> 12) + 0.5) * 0x1p-52;
    }

    private long key(String name) {
        long key = mix(seed + GOLDEN);
        for (int i = 0; i < name.length(); i++) {
            key = mix(key ^ name.charAt(i)) + GOLDEN;
        }
        return key;
    }

    private static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
