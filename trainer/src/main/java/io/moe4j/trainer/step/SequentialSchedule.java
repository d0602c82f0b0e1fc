package io.moe4j.trainer.step;

import io.moe4j.api.memory.Scope;

/** Runs one microbatch after the other. */
final class SequentialSchedule implements Schedule {

    @Override
    public int lanes(int count) {
        return 0;
    }

    @Override
    public void run(Microbatches microbatches) {
        for (int index = 0; index < microbatches.count(); index++) {
            try (Scope scope = microbatches.memory().openMicrobatch()) {
                microbatches.forward(index);
                microbatches.backward(index);
            }
        }
    }
}
