package io.moe4j.runtime.cuda.ops;

import org.bytedeco.javacpp.Pointer;

/** A JavaCPP pointer to a raw address, which it does not own. */
final class RawPointer extends Pointer {

    private RawPointer(long address) {
        super((Pointer) null);
        this.address = address;
    }

    static Pointer at(long address) {
        return new RawPointer(address);
    }
}
