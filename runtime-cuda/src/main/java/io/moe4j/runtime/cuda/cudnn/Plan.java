package io.moe4j.runtime.cuda.cudnn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.bytedeco.cuda.global.cudnn.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/**
 * A graph that the library has a kernel for.
 *
 * @param plan the library's
 * @param workspaceBytes what it needs
 */
record Plan(Cudnn cudnn, Graph graph, MemorySegment plan, long workspaceBytes) {

    /** Enqueues it. {@code addresses} are by tensor id; the scalars are the graph's. */
    void run(Map<Long, Long> addresses, long workspace) {
        Map<Long, MemorySegment> scalars = graph.scalars();
        long count = addresses.size() + (long) scalars.size();
        MemorySegment pack = cudnn.create(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ids = arena.allocate(JAVA_LONG, count);
            MemorySegment pointers = arena.allocate(ADDRESS, count);
            int i = 0;
            for (Map.Entry<Long, Long> one : addresses.entrySet()) {
                ids.setAtIndex(JAVA_LONG, i, one.getKey());
                pointers.setAtIndex(ADDRESS, i++, MemorySegment.ofAddress(one.getValue()));
            }
            for (Map.Entry<Long, MemorySegment> one : scalars.entrySet()) {
                ids.setAtIndex(JAVA_LONG, i, one.getKey());
                pointers.setAtIndex(ADDRESS, i++, one.getValue());
            }
            cudnn.set(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, ids);
            cudnn.set(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, pointers);
            cudnn.set(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1,
                    arena.allocateFrom(ADDRESS, MemorySegment.ofAddress(workspace)));
            cudnn.finish(pack, "the addresses of a run");
            cudnn.execute(plan, pack);
        } finally {
            cudnn.release(pack);
        }
    }
}
