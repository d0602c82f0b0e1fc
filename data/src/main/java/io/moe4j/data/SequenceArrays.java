package io.moe4j.data;

/** Arrays that receive a sequence. */
final class SequenceArrays {

    private SequenceArrays() {}

    /** @throws IllegalArgumentException unless the array has the length of a sequence */
    static void require(int[] target, int length) {
        if (target.length != length) {
            throw new IllegalArgumentException("an array of " + target.length + " for sequences of " + length
                    + " tokens; give one of their length");
        }
    }
}
