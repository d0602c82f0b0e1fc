package io.moe4j.api.device;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A plug-in's kernels, for each kind of device that it supports. The same names exist for every kind.
 *
 * @param name for error messages
 * @param cpu Java implementations by kernel name
 * @param binaries for other kinds: the module's bytes (a CUDA fatbin, cubin or PTX), read when loaded
 * @since 0.1.0
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

    /**
     * This source with a binary that the plug-in's build put beside its classes; unchanged if the resource is missing because the build had no compiler for
     * it.
     *
     * @param resource opens the binary, as in {@code () -> MyKernels.class.getResourceAsStream("kernels.fatbin")}; gives null if there is none
     */
    public KernelSource withResource(DeviceKind kind, Supplier<@Nullable InputStream> resource) {
        try (InputStream in = resource.get()) {
            return in == null ? this : with(kind, () -> read(resource));
        } catch (IOException e) {
            throw new UncheckedIOException("looking for the " + kind + " kernels of " + name, e);
        }
    }

    private byte[] read(Supplier<@Nullable InputStream> resource) {
        try (InputStream in = Objects.requireNonNull(resource.get(), name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("reading the kernels of " + name, e);
        }
    }

    /** Whether there are kernels for a kind of device. */
    public boolean supports(DeviceKind kind) {
        return binaries.containsKey(kind) || (kind.equals(DeviceKind.CPU) && !cpu.isEmpty());
    }
}
