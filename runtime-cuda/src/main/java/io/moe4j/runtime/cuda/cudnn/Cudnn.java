package io.moe4j.runtime.cuda.cudnn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.moe4j.api.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The eight functions of cuDNN's graph API, and a handle that is bound to one stream. Attributes are arrays of untyped words, so the functions are
 * called through the foreign-function API and not through typed bindings. Not thread-safe: each stream has its own instance.
 */
final class Cudnn implements AutoCloseable {
    private static final int MESSAGE_BYTES = 1024;

    private final Arena arena = Arena.ofShared();
    private final MethodHandle createDescriptor;
    private final MethodHandle setAttribute;
    private final MethodHandle getAttribute;
    private final MethodHandle finish;
    private final MethodHandle destroyDescriptor;
    private final MethodHandle execute;
    private final MethodHandle destroy;
    private final MethodHandle lastError;
    private final MemorySegment handle;

    /** Opens a handle in the current context, for the {@code cudaStream_t} at {@code stream}. */
    Cudnn(long stream) {
        SymbolLookup library = SymbolLookup.libraryLookup("libcudnn.so.9", arena);
        createDescriptor = function(library, "cudnnBackendCreateDescriptor", JAVA_INT, ADDRESS);
        setAttribute = function(library, "cudnnBackendSetAttribute", ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
        getAttribute = function(library, "cudnnBackendGetAttribute", ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS,
                ADDRESS);
        finish = function(library, "cudnnBackendFinalize", ADDRESS);
        destroyDescriptor = function(library, "cudnnBackendDestroyDescriptor", ADDRESS);
        execute = function(library, "cudnnBackendExecute", ADDRESS, ADDRESS, ADDRESS);
        destroy = function(library, "cudnnDestroy", ADDRESS);
        lastError = Linker.nativeLinker().downcallHandle(library.findOrThrow("cudnnGetLastErrorString"),
                FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG));
        MemorySegment out = arena.allocate(ADDRESS);
        check(call(function(library, "cudnnCreate", ADDRESS), out), "cudnnCreate");
        handle = out.get(ADDRESS, 0);
        check(call(function(library, "cudnnSetStream", ADDRESS, ADDRESS), handle, MemorySegment.ofAddress(stream)),
                "cudnnSetStream");
    }

    private static MethodHandle function(SymbolLookup library, String name, MemoryLayout... parameters) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, parameters));
    }

    private static int call(MethodHandle function, Object... arguments) {
        try {
            return (int) function.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new DeviceException("a call of cuDNN failed", e);
        }
    }

    MemorySegment handle() {
        return handle;
    }

    /** A new descriptor of {@code type}, a {@code cudnnBackendDescriptorType_t}. */
    MemorySegment create(int type) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment out = scratch.allocate(ADDRESS);
            check((int) createDescriptor.invokeExact(type, out), "cudnnBackendCreateDescriptor " + type);
            return out.get(ADDRESS, 0);
        } catch (Throwable e) {
            throw failed("cudnnBackendCreateDescriptor", e);
        }
    }

    /** Sets {@code count} values of {@code type}, a {@code cudnnBackendAttributeType_t}. */
    void set(MemorySegment descriptor, int attribute, int type, long count, MemorySegment values) {
        try {
            check((int) setAttribute.invokeExact(descriptor, attribute, type, count, values),
                    "cudnnBackendSetAttribute " + attribute);
        } catch (Throwable e) {
            throw failed("cudnnBackendSetAttribute", e);
        }
    }

    /** Gets up to {@code capacity} values; returns how many there are. */
    long get(MemorySegment descriptor, int attribute, int type, long capacity, MemorySegment values) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment count = scratch.allocate(JAVA_LONG);
            check((int) getAttribute.invokeExact(descriptor, attribute, type, capacity, count, values),
                    "cudnnBackendGetAttribute " + attribute);
            return count.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw failed("cudnnBackendGetAttribute", e);
        }
    }

    /** Whether the library accepts the descriptor as it is; it cannot be changed afterwards. */
    boolean accepts(MemorySegment descriptor) {
        try {
            return (int) finish.invokeExact(descriptor) == 0;
        } catch (Throwable e) {
            throw failed("cudnnBackendFinalize", e);
        }
    }

    void finish(MemorySegment descriptor, String what) {
        try {
            check((int) finish.invokeExact(descriptor), "cudnnBackendFinalize of " + what);
        } catch (Throwable e) {
            throw failed("cudnnBackendFinalize", e);
        }
    }

    void release(MemorySegment descriptor) {
        try {
            check((int) destroyDescriptor.invokeExact(descriptor), "cudnnBackendDestroyDescriptor");
        } catch (Throwable e) {
            throw failed("cudnnBackendDestroyDescriptor", e);
        }
    }

    void execute(MemorySegment plan, MemorySegment variantPack) {
        try {
            check((int) execute.invokeExact(handle, plan, variantPack), "cudnnBackendExecute");
        } catch (Throwable e) {
            throw failed("cudnnBackendExecute", e);
        }
    }

    String lastError() {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment message = scratch.allocate(MESSAGE_BYTES);
            lastError.invokeExact(message, (long) MESSAGE_BYTES);
            return message.getString(0);
        } catch (Throwable e) {
            throw failed("cudnnGetLastErrorString", e);
        }
    }

    private void check(int status, String call) {
        if (status != 0) {
            throw new DeviceException(call + " failed with cuDNN status " + status + ": " + lastError());
        }
    }

    private static DeviceException failed(String call, Throwable cause) {
        return cause instanceof DeviceException known ? known : new DeviceException(call + " failed", cause);
    }

    @Override
    public void close() {
        call(destroy, handle);
        arena.close();
    }
}
