package io.moe4j.runtime.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jcuda.driver.CUresult;

/**
 * The sizes of a kernel's parameters, which the driver reads from the binary (cuFuncGetParamInfo, CUDA 12.4). A launch with other arguments would
 * read past them, or mistake one for another; the driver itself does not notice.
 *
 * @param bytes size of each parameter in bytes, in order
 */
public record KernelSignature(List<Long> bytes) {

    /** The signature of a function; empty if the driver does not have this function. */
    public static Optional<KernelSignature> of(FunctionHandle function) {
        try (Arena arena = Arena.ofConfined()) {
            Optional<MemorySegment> symbol = SymbolLookup.libraryLookup("libcuda.so.1", arena)
                    .find("cuFuncGetParamInfo");
            if (symbol.isEmpty()) {
                return Optional.empty();
            }
            MethodHandle call = Linker.nativeLinker().downcallHandle(symbol.get(),
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS));
            MemorySegment offset = arena.allocate(JAVA_LONG);
            MemorySegment size = arena.allocate(JAVA_LONG);
            MemorySegment handle = MemorySegment.ofAddress(function.address());
            List<Long> bytes = new ArrayList<>();
            // For an index beyond the last parameter, the driver returns "invalid value".
            while ((int) call.invokeExact(handle, (long) bytes.size(), offset, size) == CUresult.CUDA_SUCCESS) {
                bytes.add(size.get(JAVA_LONG, 0));
            }
            return Optional.of(new KernelSignature(List.copyOf(bytes)));
        } catch (Throwable e) {
            throw new DeviceException("cuFuncGetParamInfo failed", e);
        }
    }

    /**
     * Checks the arguments of a launch.
     *
     * @throws DeviceException if their number or sizes are not those of the kernel
     */
    public void check(String kernel, List<KernelArg> arguments) {
        boolean fits = arguments.size() == bytes.size();
        for (int i = 0; fits && i < bytes.size(); i++) {
            fits = bytesOf(arguments.get(i)) == bytes.get(i);
        }
        if (!fits) {
            throw new DeviceException("kernel " + kernel + " takes parameters of " + bytes + " bytes, and was given "
                    + arguments.stream().map(KernelSignature::bytesOf).toList()
                    + ": pass the same arguments, of the same types and in the same order, as its declaration in CUDA");
        }
    }

    /** Bytes of an argument as the kernel sees it. */
    static long bytesOf(KernelArg argument) {
        return switch (argument) {
            case KernelArg.Pointer pointer -> Long.BYTES;
            case KernelArg.Absent absent -> Long.BYTES;
            case KernelArg.Peers peers -> Long.BYTES;
            case KernelArg.Int number -> Integer.BYTES;
            case KernelArg.Long64 number -> Long.BYTES;
            case KernelArg.Real number -> Float.BYTES;
            case KernelArg.TensorMap map -> 128;
        };
    }
}
