package io.moe4j.trainer.model;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import java.util.Optional;

/**
 * How a model is exported. Start from {@link #defaults}; components may be added in later minor versions.
 *
 * @param dtype element type of the weights, F32 or BF16; that of the source if absent
 * @param mostBytesOfFile the most bytes of tensors in a file, at least 1; a larger tensor gets a file for itself
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ExportOptions(Optional<DType> dtype, long mostBytesOfFile) {
    private static final long FIVE_GIGABYTES = 5_000_000_000L;

    public ExportOptions {
        if (mostBytesOfFile < 1 || dtype.filter(type -> !type.isFloating()).isPresent()) {
            throw new IllegalArgumentException("weights of " + dtype + " in files of at most " + mostBytesOfFile
                    + " bytes: weights are F32 or BF16, and files have at least 1 byte");
        }
    }

    /** The defaults: the source's element type, in files of at most 5 GB. */
    public static ExportOptions defaults() {
        return new ExportOptions(Optional.empty(), FIVE_GIGABYTES);
    }

    /** With another element type. */
    public ExportOptions withDtype(DType value) {
        return new ExportOptions(Optional.of(value), mostBytesOfFile);
    }

    /** With another limit for the size of files. */
    public ExportOptions withMostBytesOfFile(long value) {
        return new ExportOptions(dtype, value);
    }
}
