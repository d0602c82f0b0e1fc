package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The result of saving a checkpoint.
 *
 * @param step the step after which the state was saved
 * @param folder where the checkpoint lies, if it was saved
 * @param bytes bytes of all its files; 0 if it was not saved
 * @param heldSeconds seconds for which it held up the steps: for the copy to the host's memory, and for the writing if the run waited for that
 * @param writtenSeconds seconds that writing it took, whether steps waited or not
 * @param problem why it was not saved; empty if it was
 * @param notRemoved older checkpoints that {@code checkpoint.keep_latest_k} asks to remove and that could not be removed, and why
 * @param failures how many savings of this run have failed so far
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record SaveResult(long step, Path folder, long bytes, double heldSeconds, double writtenSeconds,
        Optional<String> problem, List<String> notRemoved, int failures) {
    public SaveResult {
        notRemoved = List.copyOf(notRemoved);
    }

    /** This result, with other checkpoints that could not be removed. */
    SaveResult withNotRemoved(List<String> value) {
        return new SaveResult(step, folder, bytes, heldSeconds, writtenSeconds, problem, value, failures);
    }

    /** Whether the checkpoint was saved, and is durable. */
    public boolean isSaved() {
        return problem.isEmpty();
    }
}
