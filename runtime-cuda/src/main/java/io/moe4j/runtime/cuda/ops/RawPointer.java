package io.moe4j.runtime.cuda.ops;

import org.bytedeco.javacpp.Pointer;

/** A JavaCPP pointer to a raw address, which it does not own. It can be set to another address, so that a call allocates no object. */
final class RawPointer extends Pointer {

    private RawPointer(long address) {
        super((Pointer) null);
        this.address = address;
    }

    static RawPointer at(long address) {
        return new RawPointer(address);
    }

    RawPointer to(long newAddress) {
        address = newAddress;
        return this;
    }
}
