package io.moe4j.trainer.step;

import io.moe4j.api.Stability;

/**
 * The order in which the microbatches of a step pass through a model, the same on all ranks of a session. A schedule only enqueues work: it
 * is run once when a step is captured, and in each step otherwise.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Schedule {

    /** How many of {@code count} microbatches it keeps alive at the same time, each in a lane of memory; 0 if each ends before the next begins. */
    int lanes(int count);

    /** Enqueues forward and backward of all microbatches, each once. */
    void run(Microbatches microbatches);

    /** A schedule that runs forward and backward of one microbatch, then of the next, and needs the memory of one. */
    static Schedule oneAfterTheOther() {
        return new SequentialSchedule();
    }
}
