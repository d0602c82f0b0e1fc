package io.moe4j.trainer.step;

import io.moe4j.api.Stability;

/**
 * The order in which the microbatches of a step pass through a model. All ranks of a session have the same. A schedule only enqueues: it
 * is run once when a step is captured, and in each step otherwise.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Schedule {

    /** How many microbatches of {@code count} it keeps alive beside each other, each in a lane of memory; 0 if one ends before the next begins. */
    int lanes(int count);

    /** Enqueues forward and backward of all microbatches, each once. */
    void run(Microbatches microbatches);

    /** Forward and backward of one microbatch, then of the next: memory is that of one. */
    static Schedule oneAfterTheOther() {
        return new SequentialSchedule();
    }
}
