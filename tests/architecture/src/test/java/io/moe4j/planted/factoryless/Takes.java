package io.moe4j.planted.factoryless;

/** Its first argument can be made by its constructor only. */
public interface Takes {

    /** Takes. */
    void take(Bare bare, Innocent innocent);

    /** Without a factory. */
    record Bare(int size) {}

    /** With one. */
    record Innocent(int size) {

        /** The factory. */
        public static Innocent of(int size) {
            return new Innocent(size);
        }
    }
}
