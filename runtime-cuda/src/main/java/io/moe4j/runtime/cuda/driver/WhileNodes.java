package io.moe4j.runtime.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.spi.Availability;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Adds {@code while} nodes to the graph that a stream is captured into: conditional nodes of CUDA 12.4, whose functions JCuda 12.6 lacks. A node repeats its
 * body, which is a separate graph, as long as its condition is not 0; kernels set the condition.
 */
public final class WhileNodes {
    /** The first version of the driver (CUDA 12.4) in which bodies may hold copies and fills. */
    private static final int VERSION = 12_040;

    private static final String DRIVER = "libcuda.so.1";
    private static final int CAPTURE_MODE_RELAXED = 2;
    private static final int SET_DEPENDENCIES = 1;
    private static final int NO_FLAGS = 0;

    /** {@code CUgraphNodeParams} of a conditional node: its size and the offsets of its fields, in bytes. */
    private static final long PARAMETER_BYTES = 256;
    private static final long TYPE_AT = 0;
    private static final long HANDLE_AT = 16;
    private static final long KIND_AT = 24;
    private static final long BODIES_AT = 28;
    private static final long BODY_TABLE_AT = 32;
    private static final long CONTEXT_AT = 40;
    private static final int CONDITIONAL = 13;
    private static final int WHILE = 1;

    private final MethodHandle currentContext = function("cuCtxGetCurrent", ADDRESS);
    private final MethodHandle captureInfo = function("cuStreamGetCaptureInfo_v2", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS,
            ADDRESS, ADDRESS);
    private final MethodHandle createHandle = function("cuGraphConditionalHandleCreate", ADDRESS, JAVA_LONG, JAVA_LONG,
            JAVA_INT, JAVA_INT);
    private final MethodHandle addNode = function("cuGraphAddNode", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS);
    private final MethodHandle updateDependencies = function("cuStreamUpdateCaptureDependencies", JAVA_LONG, ADDRESS,
            JAVA_LONG, JAVA_INT);
    private final MethodHandle beginCapture = function("cuStreamBeginCaptureToGraph", JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, JAVA_LONG, JAVA_INT);
    private final MethodHandle endCapture = function("cuStreamEndCapture", JAVA_LONG, ADDRESS);

    /** The graph that a stream is captured into, and the nodes on which the next captured node will depend. */
    private record Captured(MemorySegment graph, MemorySegment dependencies, long count) {}

    /** Whether this machine's driver has such nodes; opens no device. */
    public static Availability probe() {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup driver = SymbolLookup.libraryLookup(DRIVER, arena);
            MemorySegment version = arena.allocate(JAVA_INT);
            int result = (int) Linker.nativeLinker().downcallHandle(driver.findOrThrow("cuDriverGetVersion"),
                    FunctionDescriptor.of(JAVA_INT, ADDRESS)).invokeExact(version);
            int found = version.get(JAVA_INT, 0);
            return result == 0 && found >= VERSION ? Availability.available()
                    : Availability.unavailable(
                            "the driver is of CUDA " + found / 1000 + "." + found % 1000 / 10
                                    + ", and graphs repeat work from CUDA 12.4 on",
                            "install an NVIDIA driver of CUDA 12.4 or later (550)");
        } catch (IllegalArgumentException e) {
            return Availability.unavailable(DRIVER + " is not found", "install an NVIDIA driver (580 or later)");
        } catch (Throwable e) {
            throw new DeviceException("cuDriverGetVersion failed", e);
        }
    }

    /** Creates a condition in the graph that {@code stream} is captured into; returns its handle, which kernels take as a number. */
    public long condition(StreamHandle stream) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(JAVA_LONG);
            call(createHandle, "cuGraphConditionalHandleCreate", handle, captured(arena, stream).graph.address(),
                    context(arena), 0, NO_FLAGS);
            return handle.get(JAVA_LONG, 0);
        }
    }

    /** Adds a node after everything that {@code stream} has captured so far, and before everything that it will capture; returns the graph of its body. */
    public long add(StreamHandle stream, long condition) {
        try (Arena arena = Arena.ofConfined()) {
            Captured captured = captured(arena, stream);
            MemorySegment parameters = arena.allocate(PARAMETER_BYTES, Long.BYTES);
            parameters.set(JAVA_INT, TYPE_AT, CONDITIONAL);
            parameters.set(JAVA_LONG, HANDLE_AT, condition);
            parameters.set(JAVA_INT, KIND_AT, WHILE);
            parameters.set(JAVA_INT, BODIES_AT, 1);
            parameters.set(JAVA_LONG, CONTEXT_AT, context(arena));
            MemorySegment node = arena.allocate(ADDRESS);
            call(addNode, "cuGraphAddNode of a while node", node, captured.graph.address(), captured.dependencies,
                    captured.count, parameters);
            call(updateDependencies, "cuStreamUpdateCaptureDependencies", stream.address(), node, 1L, SET_DEPENDENCIES);
            return parameters.get(ADDRESS, BODY_TABLE_AT).reinterpret(ADDRESS.byteSize()).get(JAVA_LONG, 0);
        }
    }

    /** Captures {@code stream}, which is not being captured, into the graph of a body. */
    public void beginBody(StreamHandle stream, long graph) {
        call(beginCapture, "cuStreamBeginCaptureToGraph", stream.address(), graph, 0L, 0L, 0L, CAPTURE_MODE_RELAXED);
    }

    /** Ends the capture of a body. */
    public void endBody(StreamHandle stream) {
        try (Arena arena = Arena.ofConfined()) {
            call(endCapture, "cuStreamEndCapture of the body of a loop", stream.address(), arena.allocate(ADDRESS));
        }
    }

    private Captured captured(Arena arena, StreamHandle stream) {
        MemorySegment status = arena.allocate(JAVA_INT);
        MemorySegment graph = arena.allocate(ADDRESS);
        MemorySegment dependencies = arena.allocate(ADDRESS);
        MemorySegment count = arena.allocate(JAVA_LONG);
        call(captureInfo, "cuStreamGetCaptureInfo", stream.address(), status, arena.allocate(JAVA_LONG), graph,
                dependencies, count);
        if (status.get(JAVA_INT, 0) != 1) {
            throw new DeviceException("a loop is recorded while its stream is not being captured, but in state "
                    + status.get(JAVA_INT, 0) + "; an earlier call has ended the capture, see its error");
        }
        return new Captured(graph.get(ADDRESS, 0), dependencies.get(ADDRESS, 0), count.get(JAVA_LONG, 0));
    }

    private long context(Arena arena) {
        MemorySegment context = arena.allocate(ADDRESS);
        call(currentContext, "cuCtxGetCurrent", context);
        return context.get(JAVA_LONG, 0);
    }

    private static MethodHandle function(String name, MemoryLayout... parameters) {
        return Linker.nativeLinker().downcallHandle(
                SymbolLookup.libraryLookup(DRIVER, Arena.global()).findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, parameters));
    }

    private static void call(MethodHandle function, String name, Object... arguments) {
        int result;
        try {
            result = (int) function.invokeWithArguments(List.of(arguments));
        } catch (Throwable e) {
            throw new DeviceException(name + " failed", e);
        }
        Driver.check(result, name);
    }
}
