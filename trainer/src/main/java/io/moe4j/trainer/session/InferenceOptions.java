package io.moe4j.trainer.session;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Settings;
import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.config.DeviceSettings;
import java.time.Duration;
import java.util.List;

/**
 * How a model is opened for generating. Start from {@link #onCpu}; components may be added in later minor versions.
 *
 * @param device id of the device
 * @param ordinal number of the device among those of its kind
 * @param threads threads of a CPU device; 0 for all cores
 * @param dtype element type of weights, activations and cache
 * @param capacity the most tokens of a sequence, prompt included
 * @param longestPass the most tokens of a prompt that pass through the model at once
 * @param commBackend id of the communication backend, for a model with experts
 * @param expertKernels id of the expert kernels
 * @param strict whether a CPU device also checks the rules of a GPU, which is slow
 * @param timeout the longest time that a kernel may wait
 * @param settings settings of plug-ins
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record InferenceOptions(String device, int ordinal, int threads, DType dtype, long capacity, long longestPass,
        String commBackend, String expertKernels, boolean strict, Duration timeout, List<Settings> settings) {

    public InferenceOptions {
        if (capacity < 1 || longestPass < 1 || threads < 0
                || threads > DeviceSettings.MOST_THREADS || ordinal < 0 || !dtype.isPlainFloating()) {
            throw new InputException("generating with a context of " + capacity + " tokens, passes of up to "
                    + longestPass
                    + ", " + threads + " threads, device number " + ordinal + ", elements of " + dtype
                    + ": context and passes must be at least 1, threads 0 to " + DeviceSettings.MOST_THREADS
                    + ", the number at least 0, elements F32 or BF16");
        }
        settings = List.copyOf(settings);
    }

    /** On all cores, in single precision, for sequences of up to {@code capacity} tokens. */
    public static InferenceOptions onCpu(long capacity) {
        return new InferenceOptions("cpu", 0, 0, DType.F32, capacity, 256, "minimal_async_ep", "swiglu", false,
                Duration.ofMinutes(10), List.of());
    }

    /** On another device. */
    public InferenceOptions withDevice(String id, int number) {
        return new InferenceOptions(id, number, threads, dtype, capacity, longestPass, commBackend, expertKernels,
                strict,
                timeout, settings);
    }

    /** With another number of threads of a CPU device. */
    public InferenceOptions withThreads(int value) {
        return new InferenceOptions(device, ordinal, value, dtype, capacity, longestPass, commBackend, expertKernels,
                strict, timeout, settings);
    }

    /** With another element type. */
    public InferenceOptions withDtype(DType value) {
        return new InferenceOptions(device, ordinal, threads, value, capacity, longestPass, commBackend, expertKernels,
                strict, timeout, settings);
    }

    /** With shorter or longer passes of a prompt. */
    public InferenceOptions withLongestPass(long value) {
        return new InferenceOptions(device, ordinal, threads, dtype, capacity, value, commBackend, expertKernels,
                strict,
                timeout, settings);
    }

    /** With other plug-ins for experts. */
    public InferenceOptions withExperts(String exchange, String kernels) {
        return new InferenceOptions(device, ordinal, threads, dtype, capacity, longestPass, exchange, kernels, strict,
                timeout, settings);
    }

    /** In strict mode, or not. */
    public InferenceOptions withStrict(boolean value) {
        return new InferenceOptions(device, ordinal, threads, dtype, capacity, longestPass, commBackend, expertKernels,
                value, timeout, settings);
    }

    /** With settings of plug-ins. */
    public InferenceOptions withSettings(List<Settings> value) {
        return new InferenceOptions(device, ordinal, threads, dtype, capacity, longestPass, commBackend, expertKernels,
                strict, timeout, value);
    }
}
