package io.moe4j.tests.integration;

import io.moe4j.api.memory.MemoryLane;
import io.moe4j.api.memory.Scope;
import io.moe4j.trainer.step.Microbatches;
import io.moe4j.trainer.step.Schedule;
import java.util.ArrayDeque;
import java.util.Deque;

/** One forward, one backward, as a stage of a pipeline would: two microbatches are alive, and the older one ends first. */
final class TwoAlive implements Schedule {

    @Override
    public int lanes(int count) {
        return Math.min(2, count);
    }

    @Override
    public void run(Microbatches microbatches) {
        Deque<MemoryLane> alive = new ArrayDeque<>();
        for (int index = 0; index < microbatches.count(); index++) {
            MemoryLane lane = microbatches.memory().openLane();
            try (Scope inside = lane.enter()) {
                microbatches.forward(index);
            }
            alive.addLast(lane);
            if (alive.size() == 2) {
                endOldest(microbatches, alive, index - 1);
            }
        }
        endOldest(microbatches, alive, microbatches.count() - 1);
    }

    private static void endOldest(Microbatches microbatches, Deque<MemoryLane> alive, int index) {
        try (MemoryLane lane = alive.removeFirst(); Scope inside = lane.enter()) {
            microbatches.backward(index);
        }
    }
}
