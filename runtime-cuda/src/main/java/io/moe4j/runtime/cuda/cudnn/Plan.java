package io.moe4j.runtime.cuda.cudnn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.bytedeco.cuda.global.cudnn.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A graph for which the library has a kernel. A plan keeps the argument packs that it has prepared, by address, because each step uses the same
 * addresses again.
 */
final class Plan implements AutoCloseable {
    private static final int MAX_PACKS = 1024;

    private final Cudnn cudnn;
    private final Graph graph;
    private final MemorySegment plan;
    private final long workspaceBytes;
    private final Map<Addresses, MemorySegment> packs = new HashMap<>();
    private List<Long> ids = List.of();

    /** The addresses of the tensors and the workspace, compared by value. */
    private record Addresses(long[] values) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Addresses o && Arrays.equals(values, o.values);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(values);
        }
    }

    Plan(Cudnn cudnn, Graph graph, MemorySegment plan, long workspaceBytes) {
        this.cudnn = cudnn;
        this.graph = graph;
        this.plan = plan;
        this.workspaceBytes = workspaceBytes;
    }

    /** Sets the tensors whose addresses {@link #run} takes, in this order; returns this plan. */
    Plan taking(Graph.Node... tensors) {
        ids = Arrays.stream(tensors).map(Graph.Node::id).toList();
        return this;
    }

    /** Bytes of workspace that a run needs. */
    long workspaceBytes() {
        return workspaceBytes;
    }

    /** Enqueues a run. {@code addresses} has the address of each tensor, then that of the workspace. */
    void run(long... addresses) {
        Addresses key = new Addresses(addresses);
        MemorySegment pack = packs.get(key);
        if (pack == null) {
            if (packs.size() == MAX_PACKS) {
                forget();
            }
            pack = pack(addresses);
            packs.put(key, pack);
        }
        cudnn.execute(plan, pack);
    }

    private MemorySegment pack(long... addresses) {
        Map<Long, MemorySegment> scalars = graph.scalars();
        int tensors = ids.size();
        long count = tensors + (long) scalars.size();
        MemorySegment pack = cudnn.create(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment names = arena.allocate(JAVA_LONG, count);
            MemorySegment pointers = arena.allocate(ADDRESS, count);
            int i = 0;
            for (; i < tensors; i++) {
                names.setAtIndex(JAVA_LONG, i, ids.get(i));
                pointers.setAtIndex(ADDRESS, i, MemorySegment.ofAddress(addresses[i]));
            }
            for (Map.Entry<Long, MemorySegment> one : scalars.entrySet()) {
                names.setAtIndex(JAVA_LONG, i, one.getKey());
                pointers.setAtIndex(ADDRESS, i++, one.getValue());
            }
            cudnn.set(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, names);
            cudnn.set(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, pointers);
            cudnn.set(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1,
                    arena.allocateFrom(ADDRESS, MemorySegment.ofAddress(addresses[tensors])));
            cudnn.finish(pack, "the addresses of a run");
            return pack;
        }
    }

    private void forget() {
        packs.values().forEach(cudnn::release);
        packs.clear();
    }

    @Override
    public void close() {
        forget();
        graph.close();
    }
}
