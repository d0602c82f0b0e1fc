package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The contract of recompute policies: outputs and gradients are those of recording everything, bit for bit, because the same operations run on the
 * same numbers. The model is a stack of three small residual blocks, so that gradients reach every unit by two paths.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class RecomputePolicyContract {
    private Device device;

    /** For subclasses. */
    protected RecomputePolicyContract() {}

    /** The policy. */
    protected abstract RecomputePolicyProvider provider();

    /** The device that it runs on. */
    protected abstract DeviceProvider deviceProvider();

    /** How the device is opened. */
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults();
    }

    /** Opens the device. */
    @BeforeEach
    public void open() {
        device = deviceProvider().open(deviceConfig());
    }

    /** Closes it. */
    @AfterEach
    public void close() {
        device.close();
    }

    /** Id, version and probe are those of a well-behaved provider. */
    @Test
    public void providerIsWellBehaved() {
        ProviderChecks.isWellBehaved(provider(), RecomputePolicyProvider.SPI_VERSION);
    }

    /** Outputs, and the gradients with respect to input and parameters, are those of a tape that keeps everything. */
    @Test
    public void gradientsEqualRecordingEverything() {
        try (ResidualStack stack = new ResidualStack(device)) {
            ResidualStack.Result expected = stack.recordingEverything();
            ResidualStack.Result actual = stack.with(provider().policy());
            assertTrue(java.util.Arrays.stream(expected.inputGradient()).anyMatch(value -> value != 0));
            assertArrayEquals(expected.output(), actual.output(), "output");
            assertArrayEquals(expected.inputGradient(), actual.inputGradient(), "gradient by the input");
            for (int unit = 0; unit < expected.gradients().size(); unit++) {
                assertArrayEquals(expected.gradients().get(unit), actual.gradients().get(unit),
                        "gradients of unit " + unit);
            }
        }
    }

    /** Results that a segment keeps are computed once, however often the segment is applied. */
    @Test
    public void keptValuesAreComputedOnce() {
        try (ResidualStack stack = new ResidualStack(device)) {
            stack.with(provider().policy());
            assertEquals(ResidualStack.BLOCKS, stack.keptComputations(), "computations of kept values");
        }
    }

    /** A policy that recomputes fully applies each segment twice and frees its temporaries in between; other policies apply it once. */
    @Test
    public void recomputesFullyIfItSaysSo() {
        try (ResidualStack stack = new ResidualStack(device)) {
            ResidualStack.Result result = stack.with(provider().policy());
            assertEquals(provider().recomputesFully() ? 2 * ResidualStack.BLOCKS : ResidualStack.BLOCKS,
                    stack.applications(), "times that segments were applied");
            assertEquals(provider().recomputesFully(), result.temporariesReturned(),
                    "whether temporaries were given back between forward and backward");
        }
    }

    /** Two steps in a row give the same results, and use memory at the same addresses. */
    @Test
    public void stepsRepeat() {
        try (ResidualStack stack = new ResidualStack(device)) {
            ResidualStack.Result first = stack.with(provider().policy());
            ResidualStack.Result second = stack.with(provider().policy());
            assertArrayEquals(first.inputGradient(), second.inputGradient());
            assertEquals(first.outputAddress(), second.outputAddress(), "address of the output");
        }
    }
}
