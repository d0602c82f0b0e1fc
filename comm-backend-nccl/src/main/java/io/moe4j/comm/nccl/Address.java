package io.moe4j.comm.nccl;

import io.moe4j.api.tensor.Tensor;
import org.bytedeco.javacpp.Pointer;

/** A JavaCPP pointer to a raw device address, which it does not own. */
final class Address extends Pointer {

    private Address(long address) {
        super((Pointer) null);
        this.address = address;
    }

    static Pointer at(long address) {
        return new Address(address);
    }

    static Pointer of(Tensor tensor) {
        return new Address(tensor.address());
    }
}
