package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * A token in a sequence: its id in the low 29 bits, and three marks in the bits above. For example, {@code 7 | FIRST} is the id 7 at the beginning of a
 * document.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class MarkedToken {
    /** It is the first token of a document. */
    public static final int FIRST = 1 << 30;
    /** It is not learned: as a label, it is ignored. */
    public static final int NOT_LEARNED = 1 << 31;
    /** It belongs to no document: it fills the last sequence of an epoch. */
    public static final int PADDING = 1 << 29;
    /** All ids are below this number. */
    public static final int MOST_IDS = 1 << 29;

    private MarkedToken() {}

    /** The id without marks. */
    public static int id(int token) {
        return token & MOST_IDS - 1;
    }

    /** Whether the token has one of these marks. */
    public static boolean has(int token, int marks) {
        return (token & marks) != 0;
    }
}
