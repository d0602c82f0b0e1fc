package io.moe4j.runtime.cuda.cudnn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
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
 * A graph under construction. Every tensor has four dimensions, and strides in elements. Results are virtual (they never reach memory) unless they are
 * given a tensor of their own.
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
     * @param id by which its address is given when the graph runs
     * @param descriptor the library's
     * @param extents four
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

    /** A number, passed with each run. */
    Node scalar(float value) {
        long[] one = {1, 1, 1, 1};
        Node node = node(CUDNN_DATA_FLOAT, one, one, false, true);
        MemorySegment host = arena.allocate(JAVA_FLOAT);
        host.set(JAVA_FLOAT, 0, value);
        scalars.put(node.id, host);
        return node;
    }

    private Node node(int type, long[] extents, long[] strides, boolean isVirtual, boolean byValue) {
        MemorySegment descriptor = descriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
        long id = nextId++;
        set(descriptor, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type);
        setLongs(descriptor, CUDNN_ATTR_TENSOR_DIMENSIONS, extents);
        setLongs(descriptor, CUDNN_ATTR_TENSOR_STRIDES, strides);
        setLongs(descriptor, CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
        setLongs(descriptor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ALIGNMENT);
        setFlag(descriptor, CUDNN_ATTR_TENSOR_IS_VIRTUAL, isVirtual);
        setFlag(descriptor, CUDNN_ATTR_TENSOR_IS_BY_VALUE, byValue);
        cudnn.finish(descriptor, "a tensor");
        return new Node(id, descriptor, extents, strides);
    }

    /** out = mode(x). */
    Node pointwise(int mode, Node x, Node out) {
        return pointwise(mode, CUDNN_DATA_FLOAT, -1, List.of(x), out);
    }

    /** out = mode(x, b). */
    Node pointwise(int mode, Node x, Node b, Node out) {
        return pointwise(mode, CUDNN_DATA_FLOAT, -1, List.of(x, b), out);
    }

    /** out = index along {@code axis}. */
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
        MemorySegment how = descriptor(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
        set(how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode);
        set(how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, precision);
        if (axis >= 0) {
            setLongs(how, CUDNN_ATTR_POINTWISE_AXIS, axis);
        }
        cudnn.finish(how, "a point-wise mode");
        MemorySegment operation = operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
        setDescriptor(operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
        int[] ports = {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_ATTR_OPERATION_POINTWISE_BDESC,
                CUDNN_ATTR_OPERATION_POINTWISE_TDESC};
        for (int i = 0; i < inputs.size(); i++) {
            setDescriptor(operation, ports[i], inputs.get(i).descriptor);
        }
        setDescriptor(operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, out.descriptor);
        cudnn.finish(operation, "point-wise operation " + mode);
        return out;
    }

    /** out = a · b, summed in fp32. */
    Node matmul(Node a, Node b, Node out) {
        MemorySegment how = descriptor(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
        set(how, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
        cudnn.finish(how, "a product's mode");
        MemorySegment operation = operation(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
        setDescriptor(operation, CUDNN_ATTR_OPERATION_MATMUL_ADESC, a.descriptor);
        setDescriptor(operation, CUDNN_ATTR_OPERATION_MATMUL_BDESC, b.descriptor);
        setDescriptor(operation, CUDNN_ATTR_OPERATION_MATMUL_CDESC, out.descriptor);
        setDescriptor(operation, CUDNN_ATTR_OPERATION_MATMUL_DESC, how);
        cudnn.finish(operation, "a product");
        return out;
    }

    /** out = x reduced along the dimensions whose extent is 1 in out. */
    Node reduce(int mode, Node x, Node out) {
        MemorySegment how = descriptor(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
        set(how, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
        set(how, CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, mode);
        cudnn.finish(how, "a reduction's mode");
        MemorySegment operation = operation(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
        setDescriptor(operation, CUDNN_ATTR_OPERATION_REDUCTION_DESC, how);
        setDescriptor(operation, CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x.descriptor);
        setDescriptor(operation, CUDNN_ATTR_OPERATION_REDUCTION_YDESC, out.descriptor);
        cudnn.finish(operation, "a reduction");
        return out;
    }

    /** The elements of x as out's extents and strides have them. */
    Node reshape(Node x, Node out) {
        MemorySegment operation = operation(CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR);
        setDescriptor(operation, CUDNN_ATTR_OPERATION_RESHAPE_XDESC, x.descriptor);
        setDescriptor(operation, CUDNN_ATTR_OPERATION_RESHAPE_YDESC, out.descriptor);
        cudnn.finish(operation, "a reshape");
        return out;
    }

    /** The first of the library's proposals that it can make a plan of. The graph must stay open as long as the plan is used. */
    Plan plan(String what) {
        MemorySegment graph = descriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
        MemorySegment all = arena.allocate(ADDRESS, operations.size());
        for (int i = 0; i < operations.size(); i++) {
            all.setAtIndex(ADDRESS, i, operations.get(i));
        }
        cudnn.set(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, operations.size(), all);
        setHandle(graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE);
        cudnn.finish(graph, "the graph of " + what);
        MemorySegment heuristic = descriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
        setDescriptor(heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
        set(heuristic, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, CUDNN_HEUR_MODE_A);
        cudnn.finish(heuristic, "the choice of a kernel for " + what);
        MemorySegment proposals = arena.allocate(ADDRESS, MAX_CONFIGURATIONS);
        for (int i = 0; i < MAX_CONFIGURATIONS; i++) {
            proposals.setAtIndex(ADDRESS, i, descriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
        }
        long count = cudnn.get(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                MAX_CONFIGURATIONS, proposals);
        for (int i = 0; i < Math.min(count, MAX_CONFIGURATIONS); i++) {
            MemorySegment plan = descriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
            setHandle(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE);
            setDescriptor(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, proposals.getAtIndex(ADDRESS, i));
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

    private MemorySegment descriptor(int type) {
        MemorySegment descriptor = cudnn.create(type);
        descriptors.push(descriptor);
        return descriptor;
    }

    private MemorySegment operation(int type) {
        MemorySegment operation = descriptor(type);
        operations.add(operation);
        return operation;
    }

    private void set(MemorySegment descriptor, int attribute, int type, int value) {
        cudnn.set(descriptor, attribute, type, 1, arena.allocateFrom(JAVA_INT, value));
    }

    private void setLongs(MemorySegment descriptor, int attribute, long... values) {
        cudnn.set(descriptor, attribute, CUDNN_TYPE_INT64, values.length, arena.allocateFrom(JAVA_LONG, values));
    }

    private void setFlag(MemorySegment descriptor, int attribute, boolean value) {
        cudnn.set(descriptor, attribute, CUDNN_TYPE_BOOLEAN, 1, arena.allocateFrom(JAVA_BYTE, (byte) (value ? 1 : 0)));
    }

    private void setDescriptor(MemorySegment descriptor, int attribute, MemorySegment value) {
        cudnn.set(descriptor, attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, arena.allocateFrom(ADDRESS, value));
    }

    private void setHandle(MemorySegment descriptor, int attribute) {
        cudnn.set(descriptor, attribute, CUDNN_TYPE_HANDLE, 1, arena.allocateFrom(ADDRESS, cudnn.handle()));
    }

    @Override
    public void close() {
        while (!descriptors.isEmpty()) {
            cudnn.release(descriptors.pop());
        }
        arena.close();
    }
}
