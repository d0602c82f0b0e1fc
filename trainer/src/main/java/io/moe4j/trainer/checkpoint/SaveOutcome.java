package io.moe4j.trainer.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How a saving has ended; the same in all processes, but for what was not removed.
 *
 * @param step the step after which the state was saved
 * @param folder where the checkpoint lies, if it was saved
 * @param bytes of all its files; 0 if it was not saved
 * @param seconds from the first file to the complete checkpoint
 * @param failure why it was not saved; empty if it was
 * @param notRemoved old checkpoints that could not be removed, and why; known to the process of rank 0
 */
public record SaveOutcome(long step, Path folder, long bytes, double seconds, Optional<SaveFailedException> failure,
        List<String> notRemoved) {
    public SaveOutcome {
        notRemoved = List.copyOf(notRemoved);
    }
}
