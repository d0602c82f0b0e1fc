package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * What a file of a checkpoint holds.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public enum Role {
    /** Parameters and buffers of some ranks. */
    WEIGHTS,
    /** AdamW's first moments of some ranks. */
    FIRST_MOMENT,
    /** AdamW's second moments of some ranks. */
    SECOND_MOMENT,
    /** The digests of the files that one process wrote. */
    PIECES,
    /** The progress of the run. */
    PROGRESS;

    /** The role as it is written in files and in their names: {@code first_moment}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Role> of(String text) {
        return Arrays.stream(values()).filter(role -> role.text().equals(text)).findFirst();
    }
}
