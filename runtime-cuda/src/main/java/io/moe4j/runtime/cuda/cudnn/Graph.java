package io.moe4j.runtime.cuda.cudnn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.bytedeco.cuda.global.cudnn.*;

import io.moe4j.api.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A graph under construction. Every tensor has four dimensions, and strides in elements. Results are virtual (they never reach memory) unless a
 * tensor in memory is given for them.
 */
final class Graph implements AutoCloseable {
    private static final long ALIGNMENT = 16;
    private static final int MAX_CONFIGURATIONS = 16;

    private final Cudnn cudnn;
    private final Arena arena = Arena.ofShared();
    private final Deque<MemorySegment> descriptors = new ArrayDeque<>();
    private final List<MemorySegment> operations = new ArrayList<>();
    private final Map<Long, MemorySegment> scalars = new HashMap<>();
    private long nextId = 1;

    /**
     * A tensor of the graph.
     *
     * @param id the id with which the tensor's address is passed when the graph runs
     * @param descriptor the library's object
     * @param extents the four extents
     */
    record Node(long id, MemorySegment descriptor, long[] extents, long[] strides) {}

    Graph(Cudnn cudnn) {
        this.cudnn = cudnn;
    }

    /** A tensor in memory. */
    Node tensor(int type, long[] extents, long[] strides) {
        return node(type, extents, strides, false, false);
    }

    /** A tensor that exists only inside the fused kernel. */
    Node virtual(int type, long[] extents, long[] strides) {
        return node(type, extents, strides, true, false);
    }

    /** A scalar, passed with each run. */
    Node scalar(float value) {
        long[] one = {1, 1, 1, 1};
        Node node = node(CUDNN_DATA_FLOAT, one, one, false, true);
        MemorySegment host = arena.allocate(JAVA_FLOAT);
        host.set(JAVA_FLOAT, 0, value);
        scalars.put(node.id, host);
        return node;
    }

    private Node node(int type, long[] extents, long[] strides, boolean isVirtual, boolean byValue) {
        long id = nextId++;
        Descriptor descriptor = descriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR)
                .set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type)
                .setLongs(CUDNN_ATTR_TENSOR_DIMENSIONS, extents)
                .setLongs(CUDNN_ATTR_TENSOR_STRIDES, strides)
                .setLongs(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
                .setLongs(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ALIGNMENT)
                .setFlag(CUDNN_ATTR_TENSOR_IS_VIRTUAL, isVirtual)
                .setFlag(CUDNN_ATTR_TENSOR_IS_BY_VALUE, byValue)
                .finish("a tensor");
        return new Node(id, descriptor.address(), extents, strides);
    }

    /** out = mode(x). */
    Node pointwise(int mode, Node x, Node out) {
        return pointwise(mode, CUDNN_DATA_FLOAT, -1, List.of(x), out);
    }

    /** out = mode(x, b). */
    Node pointwise(int mode, Node x, Node b, Node out) {
        return pointwise(mode, CUDNN_DATA_FLOAT, -1, List.of(x, b), out);
    }

    /** out = the index along {@code axis}, for each element. */
    Node index(int axis, Node x, Node out) {
        return pointwise(CUDNN_POINTWISE_GEN_INDEX, CUDNN_DATA_FLOAT, axis, List.of(x), out);
    }

    /** out = comparison(x, b), a boolean. */
    Node compare(int mode, Node x, Node b, Node out) {
        return pointwise(mode, CUDNN_DATA_BOOLEAN, -1, List.of(x, b), out);
    }

    /** out = where ? x : b. */
    Node select(Node x, Node b, Node where, Node out) {
        return pointwise(CUDNN_POINTWISE_BINARY_SELECT, CUDNN_DATA_FLOAT, -1, List.of(x, b, where), out);
    }

    private Node pointwise(int mode, int precision, long axis, List<Node> inputs, Node out) {
        Descriptor how = descriptor(CUDNN_BACKEND_POINTWISE_DESCRIPTOR)
                .set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode)
                .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, precision);
        if (axis >= 0) {
            how.setLongs(CUDNN_ATTR_POINTWISE_AXIS, axis);
        }
        how.finish("a point-wise mode");
        Descriptor operation = operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR)
                .setDescriptor(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how.address());
        int[] ports = {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_ATTR_OPERATION_POINTWISE_BDESC,
                CUDNN_ATTR_OPERATION_POINTWISE_TDESC};
        for (int i = 0; i < inputs.size(); i++) {
            operation.setDescriptor(ports[i], inputs.get(i).descriptor);
        }
        operation.setDescriptor(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, out.descriptor)
                .finish("point-wise operation " + mode);
        return out;
    }

    /** out = a · b, summed in fp32. */
    Node matmul(Node a, Node b, Node out) {
        Descriptor how = descriptor(CUDNN_BACKEND_MATMUL_DESCRIPTOR)
                .set(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT)
                .finish("a product's mode");
        operation(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR)
                .setDescriptor(CUDNN_ATTR_OPERATION_MATMUL_ADESC, a.descriptor)
                .setDescriptor(CUDNN_ATTR_OPERATION_MATMUL_BDESC, b.descriptor)
                .setDescriptor(CUDNN_ATTR_OPERATION_MATMUL_CDESC, out.descriptor)
                .setDescriptor(CUDNN_ATTR_OPERATION_MATMUL_DESC, how.address())
                .finish("a product");
        return out;
    }

    /** out = x reduced along the dimensions whose extent is 1 in out. */
    Node reduce(int mode, Node x, Node out) {
        Descriptor how = descriptor(CUDNN_BACKEND_REDUCTION_DESCRIPTOR)
                .set(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT)
                .set(CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, mode)
                .finish("a reduction's mode");
        operation(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR)
                .setDescriptor(CUDNN_ATTR_OPERATION_REDUCTION_DESC, how.address())
                .setDescriptor(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x.descriptor)
                .setDescriptor(CUDNN_ATTR_OPERATION_REDUCTION_YDESC, out.descriptor)
                .finish("a reduction");
        return out;
    }

    /** Copies the elements of x into the extents and strides of out. */
    Node reshape(Node x, Node out) {
        operation(CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR)
                .setDescriptor(CUDNN_ATTR_OPERATION_RESHAPE_XDESC, x.descriptor)
                .setDescriptor(CUDNN_ATTR_OPERATION_RESHAPE_YDESC, out.descriptor)
                .finish("a reshape");
        return out;
    }

    /** A plan from the first of the library's proposals that it accepts. The graph must stay open as long as the plan is used. */
    Plan plan(String what) {
        MemorySegment all = arena.allocate(ADDRESS, operations.size());
        for (int i = 0; i < operations.size(); i++) {
            all.setAtIndex(ADDRESS, i, operations.get(i));
        }
        Descriptor graph = descriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)
                .set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, operations.size(), all)
                .setHandle(CUDNN_ATTR_OPERATIONGRAPH_HANDLE)
                .finish("the graph of " + what);
        Descriptor heuristic = descriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)
                .setDescriptor(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.address())
                .set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, CUDNN_HEUR_MODE_A)
                .finish("the choice of a kernel for " + what);
        MemorySegment proposals = arena.allocate(ADDRESS, MAX_CONFIGURATIONS);
        for (int i = 0; i < MAX_CONFIGURATIONS; i++) {
            proposals.setAtIndex(ADDRESS, i, descriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR).address());
        }
        long count = cudnn.get(heuristic.address(), CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                MAX_CONFIGURATIONS, proposals);
        for (int i = 0; i < Math.min(count, MAX_CONFIGURATIONS); i++) {
            MemorySegment plan = descriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
                    .setHandle(CUDNN_ATTR_EXECUTION_PLAN_HANDLE)
                    .setDescriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, proposals.getAtIndex(ADDRESS, i))
                    .address();
            if (cudnn.accepts(plan)) {
                MemorySegment bytes = arena.allocate(JAVA_LONG);
                cudnn.get(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, bytes);
                return new Plan(cudnn, this, plan, bytes.get(JAVA_LONG, 0));
            }
        }
        throw new DeviceException("cuDNN has no kernel for " + what + ": " + count + " proposals, none accepted ("
                + cudnn.lastError() + ")");
    }

    /** Host addresses of the scalars, by id. */
    Map<Long, MemorySegment> scalars() {
        return scalars;
    }

    private Descriptor descriptor(int type) {
        MemorySegment address = cudnn.create(type);
        descriptors.push(address);
        return new Descriptor(cudnn, arena, address);
    }

    private Descriptor operation(int type) {
        Descriptor operation = descriptor(type);
        operations.add(operation.address());
        return operation;
    }

    @Override
    public void close() {
        while (!descriptors.isEmpty()) {
            cudnn.release(descriptors.pop());
        }
        arena.close();
    }
}
