package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.spi.Registry;
import io.moe4j.tests.gpu.TwoDevicesTrainingGpuTest.Trace;
import io.moe4j.trainer.plugins.Plugins;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * On two GPUs, what crosses links beside what computes changes no bit of losses, gradient norms and parameters. A rank that waits for another one gives up
 * after 5 s.
 */
@Tag("gpu")
@Timeout(60)
final class OverlapTwoDevicesGpuTest {
    private static final String RANKS = "--ranks 2 --parallelism.expert_parallel_degree 2 --runtime.devices 2 --runtime.timeout 5";
    private static final String EAGER = " --graph_capture.enable false";

    private final Registry registry = Plugins.load(List.of());

    @BeforeEach
    void twoGpus() {
        TwoGpus.assume();
    }

    /** Each step's work is enqueued one by one. */
    @ParameterizedTest
    @ValueSource(strings = {"", " --training.gradient_accumulation_steps 2", " --model.moe_comm_backend standard",
            " --moe.dedup off"})
    void eager(String options) {
        check(options + EAGER);
    }

    /** Streams are branches of one graph. */
    @ParameterizedTest
    @ValueSource(strings = {"", " --activation_checkpoint.mode budget --training.dtype bfloat16",
            " --training.gradient_accumulation_steps 2", " --moe.receive_capacity 1.1",
            " --plugin.minimal_async_ep.multiprocessors_beside 0", " --moe.dedup off --training.dtype bfloat16",
            " --training.dtype bfloat16 --training.dense_dtype float8 --training.expert_dtype float8 --moe.dispatch_dtype float8"})
    void captured(String options) {
        check(options);
    }

    /** Parameters that stay gathered for a step, with and without a second stream: backward and further microbatches read what forward has gathered. */
    @ParameterizedTest
    @ValueSource(strings = {"", " --training.dtype bfloat16 --training.gradient_accumulation_steps 2",
            " --training.overlap on", " --training.overlap on --training.gradient_accumulation_steps 2",
            " --training.overlap on --activation_checkpoint.mode budget --training.dtype bfloat16"})
    void parametersThatStayGatheredDoNotShow(String options) {
        Trace always = TwoDevicesTrainingGpuTest.trace(registry,
                RANKS + options + " --parallelism.reshard_after_forward always");
        Trace never = TwoDevicesTrainingGpuTest.trace(registry,
                RANKS + options + " --parallelism.reshard_after_forward never");
        assertEquals(always.numbers(), never.numbers(), "bits of losses and gradient norms");
        assertEquals(always.weights(), never.weights(), "bits of parameters, summed up");
    }

    /** A budget that finds room for everything has room for a second stream too, and one of a few bytes, or full recompute, is not asked. */
    @ParameterizedTest
    @CsvSource({"budget, auto, true", "budget, 0.001, false", "full, auto, false"})
    void whereMemoryIsLeftItIsOn(String mode, String budget, boolean on) {
        String options = RANKS + " --training.dtype bfloat16 --activation_checkpoint.mode " + mode
                + " --activation_checkpoint.memory_budget " + budget;
        Trace auto = TwoDevicesTrainingGpuTest.trace(registry, options);
        assertEquals(on, auto.overlaps());
        Trace off = TwoDevicesTrainingGpuTest.trace(registry, options + " --training.overlap off");
        assertEquals(off.numbers(), auto.numbers(), "bits of losses and gradient norms");
        assertEquals(off.weights(), auto.weights(), "bits of parameters, summed up");
    }

    private void check(String options) {
        Trace off = TwoDevicesTrainingGpuTest.trace(registry, RANKS + options + " --training.overlap off");
        Trace on = TwoDevicesTrainingGpuTest.trace(registry, RANKS + options + " --training.overlap on");
        assertEquals(!options.contains(EAGER), on.captured(), "captured");
        assertEquals(List.of(false, true), List.of(off.overlaps(), on.overlaps()));
        assertEquals(off.numbers(), on.numbers(), "bits of losses and gradient norms");
        assertEquals(off.weights(), on.weights(), "bits of parameters, summed up");
    }
}
