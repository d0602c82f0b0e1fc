package io.moe4j.trainer.step;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.trainer.config.DecayType;
import io.moe4j.trainer.config.LrSchedulerConfig;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LrScheduleTest {

    /** The example of {@link LrSchedule}. */
    @Test
    void risesStaysAndFalls() {
        LrSchedule schedule = new LrSchedule(1, 10, new LrSchedulerConfig(2, 0.4, DecayType.LINEAR, 0));
        assertArrayEquals(new double[] {0.5, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25}, rates(schedule, 10), 1e-12);
    }

    @Test
    void withoutWarmUpAndDecayItIsConstant() {
        LrSchedule schedule = new LrSchedule(0.3, 4, new LrSchedulerConfig(0, 0, DecayType.LINEAR, 0));
        assertArrayEquals(new double[] {0.3, 0.3, 0.3, 0.3}, rates(schedule, 4), 0);
    }

    @Test
    void aPartIsLeftAtTheEnd() {
        LrSchedule linear = new LrSchedule(2, 4, new LrSchedulerConfig(0, 1, DecayType.LINEAR, 0.5));
        assertArrayEquals(new double[] {2, 1.75, 1.5, 1.25}, rates(linear, 4), 1e-12);
        LrSchedule cosine = new LrSchedule(2, 4, new LrSchedulerConfig(0, 1, DecayType.COSINE, 0.5));
        assertEquals(1.5, cosine.at(3), 1e-12);
        LrSchedule constant = new LrSchedule(2, 4, new LrSchedulerConfig(0, 1, DecayType.CONSTANT, 0.5));
        assertEquals(2, constant.at(4));
    }

    @Test
    void aWarmUpLongerThanTheRunLeavesNothingToDecay() {
        LrSchedule schedule = new LrSchedule(1, 2, new LrSchedulerConfig(4, 1, DecayType.LINEAR, 0));
        assertArrayEquals(new double[] {0.25, 0.5}, rates(schedule, 2), 1e-12);
    }

    private static double[] rates(LrSchedule schedule, int steps) {
        return IntStream.rangeClosed(1, steps).mapToDouble(schedule::at).toArray();
    }
}
