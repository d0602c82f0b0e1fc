package io.moe4j.tests.contract.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * A tensor of a call together with all that lies around it. All memory without given values has every bit set, which is NaN in both floating-point types:
 * before the tensor, after it, between its rows, and in a tensor that is only written.
 */
final class Operand {
    private final Tensor view;
    private final List<Tensor> pieces;
    private final int[] places;
    private final byte[] initial;

    /**
     * @param view the tensor of the call
     * @param pieces dense parts of memory that it and its surroundings lie in
     * @param places for each of its elements, row-major, which one of the pieces' elements it is
     * @param initial the bytes of the pieces before each call
     */
    Operand(Tensor view, List<Tensor> pieces, int[] places, byte[] initial) {
        this.view = view;
        this.pieces = pieces;
        this.places = places;
        this.initial = initial;
    }

    Tensor tensor() {
        return view;
    }

    DType dtype() {
        return view.dtype();
    }

    /** Its values before each call. */
    double[] values() {
        return values(initial);
    }

    double[] values(byte[] image) {
        double[] values = new double[places.length];
        ByteBuffer elements = DoubleElements.of(image);
        for (int i = 0; i < values.length; i++) {
            values[i] = DoubleElements.get(elements, dtype(), places[i]);
        }
        return values;
    }

    /** Changes the value that one element has before each call. */
    void set(int element, double value) {
        DoubleElements.put(DoubleElements.of(initial), dtype(), places[element], value);
    }

    void restore(Stream stream) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(Math.max(8, initial.length), 8);
            MemorySegment.copy(initial, 0, host, ValueLayout.JAVA_BYTE, 0, initial.length);
            long at = 0;
            for (Tensor piece : pieces) {
                stream.upload(host.asSlice(at, piece.bytes()), piece);
                at += piece.bytes();
            }
        }
    }

    byte[] read(Stream stream) {
        byte[] image = new byte[initial.length];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(Math.max(8, initial.length), 8);
            long at = 0;
            for (Tensor piece : pieces) {
                stream.download(piece, host.asSlice(at, piece.bytes()));
                at += piece.bytes();
            }
            MemorySegment.copy(host, ValueLayout.JAVA_BYTE, 0, image, 0, image.length);
        }
        return image;
    }

    /** Fails if anything was written, except the tensor itself if {@code mayChange}. */
    void checkUntouched(byte[] image, boolean mayChange) {
        int size = dtype().bytes();
        boolean[] own = new boolean[image.length / size];
        for (int place : places) {
            own[place] = mayChange;
        }
        for (int element = 0; element < own.length; element++) {
            int at = element * size;
            if (!own[element] && !Arrays.equals(image, at, at + size, initial, at, at + size)) {
                throw new AssertionError(view + ": " + (mayChange ? "a gap" : "an input") + " was written, element "
                        + element + " of its memory, which held "
                        + DoubleElements.get(DoubleElements.of(initial), dtype(), element)
                        + " and now holds " + DoubleElements.get(DoubleElements.of(image), dtype(), element));
            }
        }
    }
}
