package io.moe4j.tests.contract;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.memory.MemoryStack;
import java.util.List;
import java.util.Optional;

/**
 * A world of one rank on one device, for plug-ins that need no peers.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.INTERNAL)
public final class SingleRank implements AutoCloseable {
    private static final long STACK_BYTES = 1 << 20;

    private final Memory memory;
    private final StackGuards guards;
    private final RankContext context;

    private SingleRank(Memory memory, StackGuards guards, RankContext context) {
        this.memory = memory;
        this.guards = guards;
        this.context = context;
    }

    /** A rank with a megabyte of memory for temporaries. */
    public static SingleRank on(Device device) {
        return on(device, STACK_BYTES);
    }

    static SingleRank on(Device device, long stackBytes) {
        Stream stream = device.openStream("rank 0");
        Memory memory = device.allocate(stackBytes, "temporaries");
        Group world = new Group("world", List.of(0), 0);
        StackGuards guards = new StackGuards(device, stream);
        return new SingleRank(memory, guards,
                new RankContext(world, device, stream, new MemoryStack(memory, guards), new Alone()));
    }

    /** The context with which plug-ins are opened. */
    public RankContext context() {
        return context;
    }

    /** Fails if something was written past a tensor of the stack. */
    @Override
    public void close() {
        context.stream().close();
        guards.close();
        memory.close();
        if (!guards.damages().isEmpty()) {
            throw new AssertionError(String.join("\n", guards.damages()));
        }
    }

    private static final class Alone implements Rendezvous {
        @Override
        public List<byte[]> exchange(Group group, String key, byte[] mine) {
            return List.of(mine.clone());
        }

        @Override
        public void fail(RankFailure failure) {
            throw new AssertionError("a rank reported " + failure);
        }

        @Override
        public Optional<RankFailure> failure() {
            return Optional.empty();
        }
    }
}
