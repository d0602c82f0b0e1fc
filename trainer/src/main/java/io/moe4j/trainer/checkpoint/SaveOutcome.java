package io.moe4j.trainer.checkpoint;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The outcome of a saving, the same in all processes.
 *
 * @param step the step after which the state was saved
 * @param folder where the checkpoint lies, if it was saved
 * @param bytes bytes of all its files; 0 if it was not saved
 * @param seconds time from the first file to the complete checkpoint
 * @param failure why it was not saved; empty if it was
 */
public record SaveOutcome(long step, Path folder, long bytes, double seconds, Optional<SaveFailedException> failure) {}
