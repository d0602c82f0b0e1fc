package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

/**
 * Pieces of parameters, with their positions in a tensor that is laid out like a rank's shard, or like a part of it.
 *
 * @param stream that values are moved on
 * @param pieces in the order of their positions
 */
record ShardPieces(Stream stream, List<FlatLayout.Piece> pieces) {

    /** What lies in elements {@code from} to {@code to}. */
    ShardPieces within(long from, long to) {
        return new ShardPieces(stream, pieces.stream().flatMap(piece -> piece.within(from, to).stream()).toList());
    }

    /** The same pieces, with their positions in a tensor that begins with element {@code first}. */
    ShardPieces after(long first) {
        return new ShardPieces(stream, pieces.stream().map(piece -> piece.after(first)).toList());
    }

    void forEach(ParameterUnit.PieceVisitor visitor) {
        pieces.forEach(piece -> visitor.visit(piece.parameter(), piece.fromInParameter(), piece.fromInShard(),
                piece.count()));
    }

    /** Waits for the device. */
    void read(Tensor tensor, ShardTransfer.Sink sink) {
        pieces.forEach(piece -> ShardTransfer.download(stream, tensor, piece, sink));
    }

    void write(Tensor tensor, ShardTransfer.Source source) {
        pieces.forEach(piece -> ShardTransfer.upload(stream, tensor, piece, source));
    }
}
