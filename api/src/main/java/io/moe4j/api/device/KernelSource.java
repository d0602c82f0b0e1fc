package io.moe4j.api.device;

import io.moe4j.api.Stability;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A plug-in's kernels, for each kind of device that it supports. The same names exist for every kind.
 *
 * @param name for error messages
 * @param cpu Java implementations by kernel name
 * @param binaries for other kinds: the module's bytes (a CUDA fatbin, cubin or PTX), read when loaded
 */
@Stability(Stability.Level.EVOLVING)
public record KernelSource(String name, Map<String, CpuKernel> cpu, Map<DeviceKind, Supplier<byte[]>> binaries) {

    public KernelSource {
        cpu = Map.copyOf(cpu);
        binaries = Map.copyOf(binaries);
    }

    /** Kernels written in Java only. */
    public static KernelSource cpu(String name, Map<String, CpuKernel> kernels) {
        return new KernelSource(name, kernels, Map.of());
    }

    /** This source with a binary for another kind of device. */
    public KernelSource with(DeviceKind kind, Supplier<byte[]> binary) {
        Map<DeviceKind, Supplier<byte[]>> all = new HashMap<>(binaries);
        all.put(kind, binary);
        return new KernelSource(name, cpu, all);
    }
}
