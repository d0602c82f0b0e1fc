package io.moe4j.tests.contract;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.api.memory.StackWatcher;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Watches the memory that plug-ins take from a rank's stack. On the CPU each tensor is followed by a guard of {@value #BYTES} bytes, which is marked when the
 * tensor is allocated and
 * checked when it is freed; and in strict mode freed memory is filled with NaN. All of this is work on the rank's stream, so that it is captured and
 * replayed like the plug-in's own work. On other devices it only counts the memory in use.
 */
final class StackGuards implements StackWatcher, AutoCloseable {
    static final int BYTES = 4096;

    /** NaN in both floating-point types, with other bits than the poison. */
    private static final short MARK = 0x7FC1;
    /** The pattern of the strict CPU device. */
    private static final int POISON = 0x7FC0_7FC0;

    private final Stream stream;
    private final boolean strict;
    private final Optional<KernelModule> kernels;
    private final NavigableMap<Long, Guarded> held = new TreeMap<>();
    private final List<String> names = new ArrayList<>();
    /** The guards that hold marks, with whose they are. A stream that has failed leaves work out, marks too: what was not marked is not damaged. */
    private final Map<Long, Integer> marked = new ConcurrentHashMap<>();
    private final Queue<String> damages = new ConcurrentLinkedQueue<>();

    /** @param name whose guard it is, as an index of {@link #names} */
    private record Guarded(Taken taken, int name) {}

    StackGuards(Device device, Stream stream) {
        this.stream = stream;
        strict = device.config().strict();
        kernels = device.kind().equals(DeviceKind.CPU)
                ? Optional.of(device.load(KernelSource.cpu("contract guards",
                        Map.of("mark", this::mark, "check", this::check))))
                : Optional.empty();
    }

    @Override
    public long guardBytes() {
        return kernels.isPresent() ? BYTES : 0;
    }

    @Override
    public void taken(Taken taken) {
        Guarded guarded = new Guarded(taken, name(taken));
        held.put(taken.tensor().address(), guarded);
        kernels.ifPresent(module -> launch(module, "mark", guarded));
    }

    @Override
    public void released(Tensor region) {
        Collection<Guarded> gone = held.subMap(region.address(), true, region.address() + region.bytes(), false)
                .values();
        kernels.ifPresent(module -> {
            gone.forEach(guarded -> launch(module, "check", guarded));
            if (strict) {
                stream.fill(region, POISON);
            }
        });
        gone.clear();
    }

    private void launch(KernelModule module, String kernel, Guarded guarded) {
        Tensor rest = guarded.taken().rest();
        stream.launch(Launch.of(module.kernel(kernel), KernelArg.of(rest), KernelArg.of(rest.elements()),
                KernelArg.of(guarded.name())));
    }

    /** Temporaries that are in use now: memory that is freed with its scope, and not with the step. */
    List<String> temporaries() {
        return held.values().stream().map(Guarded::taken).filter(taken -> !taken.kept()).map(StackGuards::describe)
                .toList();
    }

    /** The overruns that were found so far; complete after waiting for the stream. */
    List<String> damages() {
        return List.copyOf(damages);
    }

    private int name(Taken taken) {
        synchronized (names) {
            names.add(describe(taken));
            return names.size() - 1;
        }
    }

    private static String describe(Taken taken) {
        return "\"" + taken.purpose() + "\", " + taken.tensor().dtype() + " " + taken.tensor().shape();
    }

    /** BF16 guard; I64 its elements; I32 whose it is. */
    private void mark(CpuLaunch launch) {
        for (long i = 0; i < launch.int64(1); i++) {
            launch.memory().set(JAVA_SHORT_UNALIGNED, launch.pointer(0) + 2 * i, MARK);
        }
        marked.put(launch.pointer(0), launch.int32(2));
    }

    /** BF16 guard; I64 its elements; I32 index of its tensor's name. */
    private void check(CpuLaunch launch) {
        if (!marked.remove(launch.pointer(0), launch.int32(2))) {
            return;
        }
        MemorySegment memory = launch.memory();
        for (long i = 0; i < launch.int64(1); i++) {
            if (memory.get(JAVA_SHORT_UNALIGNED, launch.pointer(0) + 2 * i) != MARK) {
                synchronized (names) {
                    damages.add(
                            "the stack's tensor " + names.get(launch.int32(2)) + " was written past its end, at byte +"
                                    + 2 * i);
                }
                return;
            }
        }
    }

    @Override
    public void close() {
        kernels.ifPresent(KernelModule::close);
    }
}
