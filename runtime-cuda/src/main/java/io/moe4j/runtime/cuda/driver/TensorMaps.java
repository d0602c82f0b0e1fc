package io.moe4j.runtime.cuda.driver;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/** Encodes tensor maps with the driver's {@code cuTensorMapEncodeTiled}, which JCuda 12.6 does not have. */
public final class TensorMaps {
    /** Bytes of a {@code CUtensorMap}, which is aligned to 64 bytes. */
    public static final long BYTES = 128;

    /** Bytes of a row of a box, equal to the span of the swizzle. */
    private static final int ROW_BYTES = 128;

    private static final int NO_INTERLEAVE = 0;
    private static final int SWIZZLE_128 = 3;
    private static final int PROMOTE_TO_128_BYTES = 2;
    private static final int ZEROS_OUTSIDE = 0;

    private final MethodHandle encode;

    /** Looks up the function; the driver must be loaded, and of version 12 or later. */
    public TensorMaps() {
        SymbolLookup driver = SymbolLookup.libraryLookup("libcuda.so.1", Arena.global());
        MemorySegment function = driver.find("cuTensorMapEncodeTiled").orElseThrow(() -> new DeviceException(
                "this CUDA driver has no cuTensorMapEncodeTiled; install one of version 12 or later"));
        encode = Linker.nativeLinker().downcallHandle(function,
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }

    /** Writes the encoded map, which a launch passes by value. */
    public void encode(KernelArg.TensorMap map, MemorySegment destination) {
        Tensor tensor = map.tensor();
        int rank = tensor.rank();
        int size = tensor.dtype().bytes();
        long[] extents = new long[rank];
        long[] strides = new long[rank - 1];
        int[] box = new int[rank];
        Arrays.fill(box, 1);
        box[0] = ROW_BYTES / size;
        box[1] = map.boxRows();
        // The driver counts dimensions from the innermost.
        for (int d = 0; d < rank; d++) {
            extents[d] = tensor.dim(rank - 1 - d);
            if (d > 0) {
                strides[d - 1] = tensor.stride(rank - 1 - d) * size;
            }
        }
        try (Arena arena = Arena.ofConfined()) {
            int[] ones = new int[rank];
            Arrays.fill(ones, 1);
            int code = (int) encode.invokeExact(destination, type(tensor.dtype()), rank, tensor.address(),
                    arena.allocateFrom(ValueLayout.JAVA_LONG, extents),
                    arena.allocateFrom(ValueLayout.JAVA_LONG, strides), arena.allocateFrom(ValueLayout.JAVA_INT, box),
                    arena.allocateFrom(ValueLayout.JAVA_INT, ones), NO_INTERLEAVE, SWIZZLE_128, PROMOTE_TO_128_BYTES,
                    ZEROS_OUTSIDE);
            Driver.check(code, "encoding a tensor map of " + tensor + " with boxes of " + map.boxRows() + " rows of "
                    + ROW_BYTES + " bytes");
        } catch (RuntimeException | Error failure) {
            throw failure;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** The driver's number for an element type. */
    private static int type(DType dtype) {
        return switch (dtype) {
            case F32 -> 7;
            case BF16 -> 9;
            // CU_TENSOR_MAP_DATA_TYPE_UINT8: the driver has no 8-bit floating-point type, and a copy does not need one.
            case F8_E4M3 -> 0;
            case I32, I64 -> throw new DeviceException(
                    "a tensor map of " + dtype + " was asked for; use F32, BF16 or F8_E4M3");
        };
    }
}
