package io.moe4j.runtime.cpu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Ranks that are threads with a stream each, on one device. */
public final class Ranks {
    private static final long STACK_BYTES = 1 << 20;

    private final DeviceConfig config;
    private final int count;

    public Ranks(DeviceConfig config, int count) {
        this.config = config;
        this.count = count;
    }

    public static DeviceConfig config(int threads, boolean strict) {
        return DeviceConfig.defaults().withThreads(threads).withStrict(strict).withTimeout(Duration.ofSeconds(20));
    }

    /** The work of a rank. */
    public interface Body {
        void run(RankContext context) throws Exception;
    }

    /** Runs {@code body} on every rank; returns for each rank the exception that it threw, or null. */
    public List<@Nullable Throwable> outcomes(Body body) {
        Throwable[] outcomes = new Throwable[count];
        try (Device device = new CpuDeviceProvider().open(config)) {
            Rendezvous rendezvous = ThreadRendezvous.of(count, config.timeout());
            List<Integer> world = IntStream.range(0, count).boxed().toList();
            List<Thread> threads = new ArrayList<>();
            for (int rank = 0; rank < count; rank++) {
                Group group = new Group("world", world, rank);
                threads.add(Thread.ofPlatform().name("rank " + rank).start(() -> {
                    try (Stream stream = device.openStream("rank " + group.rank())) {
                        MemoryStack stack = new MemoryStack(device.allocate(STACK_BYTES, "stack"), freed -> {
                        });
                        body.run(new RankContext(group, device, stream, stack, rendezvous));
                    } catch (Throwable e) {
                        outcomes[group.rank()] = e;
                        rendezvous.fail(new RankFailure(group.rank(), "test", String.valueOf(e.getMessage())));
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return java.util.Arrays.asList(outcomes);
    }

    /** Runs {@code body} on every rank, and fails if one fails. */
    public void run(Body body) {
        AssertionError failure = null;
        for (Throwable outcome : outcomes(body)) {
            if (outcome != null) {
                failure = failure == null ? new AssertionError("a rank failed") : failure;
                failure.addSuppressed(outcome);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
