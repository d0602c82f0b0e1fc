package io.moe4j.trainer.step;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.trainer.config.DecayType;
import io.moe4j.trainer.config.LrShape;
import io.moe4j.trainer.config.LrSchedulerConfig;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    /** Against PyTorch's schedulers, and those of torchtitan; make_optimizers.py has written their rates in single precision. */
    @ParameterizedTest
    @CsvSource({"linear, LINEAR, 0, LINEAR", "cosine, COSINE, 0, LINEAR", "constant, CONSTANT, 0, LINEAR",
            "stable_linear, WARMUP_STABLE_DECAY, 12, LINEAR", "stable_sqrt, WARMUP_STABLE_DECAY, 12, SQRT",
            "stable_cosine, WARMUP_STABLE_DECAY, 12, COSINE"})
    void ratesAreThoseOfPyTorch(String name, LrShape shape, int decaySteps, DecayType type) throws URISyntaxException {
        LrSchedule schedule = new LrSchedule(1, 40, new LrSchedulerConfig(shape, 5, 0.5, decaySteps, type, 0.1));
        try (SafetensorsFile golden = SafetensorsFile.open(Path.of(Objects.requireNonNull(
                LrScheduleTest.class.getResource("/io/moe4j/trainer/update/optimizers.safetensors")).toURI()))) {
            float[] expected = golden.data("schedule." + name).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            for (int step = 1; step <= 40; step++) {
                assertEquals(expected[step - 1], schedule.at(step), 1e-6, "step " + step);
            }
        }
    }

    /** The number of steps wins over the part of the steps, which is the same as twelve of forty. */
    @Test
    void theDecayIsANumberOfStepsOrAPart() {
        LrSchedulerConfig steps = new LrSchedulerConfig(LrShape.WARMUP_STABLE_DECAY, 5, 0.9, 12, DecayType.SQRT, 0.1);
        LrSchedulerConfig part = steps.withDecaySteps(0).withDecayRatio(0.3);
        assertArrayEquals(rates(new LrSchedule(3, 40, part), 40), rates(new LrSchedule(3, 40, steps), 40), 0);
    }

    private static double[] rates(LrSchedule schedule, int steps) {
        return IntStream.rangeClosed(1, steps).mapToDouble(schedule::at).toArray();
    }
}
