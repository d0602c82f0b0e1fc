package io.moe4j.runtime.cuda.cudnn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_BACKEND_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_BOOLEAN;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_HANDLE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_INT64;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * An object of the library. Its attributes are set one by one; then it is finished, and cannot be changed any more.
 *
 * @param arena holds the values of attributes
 * @param address address of the library's object
 */
record Descriptor(Cudnn cudnn, Arena arena, MemorySegment address) {

    /** @param type a {@code cudnnBackendAttributeType_t} of four bytes */
    Descriptor set(int attribute, int type, int value) {
        return set(attribute, type, 1, arena.allocateFrom(JAVA_INT, value));
    }

    Descriptor setLongs(int attribute, long... values) {
        return set(attribute, CUDNN_TYPE_INT64, values.length, arena.allocateFrom(JAVA_LONG, values));
    }

    Descriptor setFlag(int attribute, boolean value) {
        return set(attribute, CUDNN_TYPE_BOOLEAN, 1, arena.allocateFrom(JAVA_BYTE, (byte) (value ? 1 : 0)));
    }

    Descriptor setDescriptor(int attribute, MemorySegment value) {
        return set(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, arena.allocateFrom(ADDRESS, value));
    }

    Descriptor setHandle(int attribute) {
        return set(attribute, CUDNN_TYPE_HANDLE, 1, arena.allocateFrom(ADDRESS, cudnn.handle()));
    }

    Descriptor set(int attribute, int type, long count, MemorySegment values) {
        cudnn.set(address, attribute, type, count, values);
        return this;
    }

    /** @param what names the object in error messages */
    Descriptor finish(String what) {
        cudnn.finish(address, what);
        return this;
    }
}
