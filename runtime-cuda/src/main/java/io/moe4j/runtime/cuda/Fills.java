package io.moe4j.runtime.cuda;

import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.Float8;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.driver.Driver;
import io.moe4j.runtime.cuda.driver.StreamHandle;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** Fills device memory with calls of the driver, which fill with words of 8, 16 or 32 bits, whatever the element type. */
final class Fills {

    private Fills() {}

    /**
     * Enqueues setting all elements of a contiguous tensor to a value, rounded to its type.
     *
     * @return the result of the driver
     */
    static int enqueue(Tensor tensor, double value, StreamHandle stream) {
        long count = tensor.elements();
        return switch (tensor.dtype()) {
            case F32 -> JCudaDriver.cuMemsetD32Async(Driver.at(tensor.address()),
                    Float.floatToRawIntBits((float) value), count, stream);
            case I32 -> JCudaDriver.cuMemsetD32Async(Driver.at(tensor.address()), (int) value, count, stream);
            case BF16 -> JCudaDriver.cuMemsetD16Async(Driver.at(tensor.address()), BFloat16.round((float) value), count,
                    stream);
            case F8_E4M3 -> JCudaDriver.cuMemsetD8Async(Driver.at(tensor.address()), Float8.round((float) value), count,
                    stream);
            case I64 -> words(tensor.address(), (long) value, count, stream);
        };
    }

    /** If the low and high halves of a 64-bit word differ, each is filled separately, as one column of a matrix of pairs. */
    private static int words(long address, long value, long count, StreamHandle stream) {
        int low = (int) value;
        int high = (int) (value >>> Integer.SIZE);
        if (low == high) {
            return JCudaDriver.cuMemsetD32Async(Driver.at(address), low, 2 * count, stream);
        }
        int result = JCudaDriver.cuMemsetD2D32Async(Driver.at(address), Long.BYTES, low, 1, count, stream);
        return result != CUresult.CUDA_SUCCESS ? result
                : JCudaDriver.cuMemsetD2D32Async(Driver.at(address + Integer.BYTES), Long.BYTES, high, 1, count,
                        stream);
    }
}
