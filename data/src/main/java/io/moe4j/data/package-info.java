/**
 * Training data: text that is read lazily, cut into sequences, mixed, and divided over ranks. Terms: {@code docs/glossary.md}.
 *
 * <p>From documents to batches: a {@link io.moe4j.data.Corpus} is a list of files, each with some documents, which
 * {@link io.moe4j.api.text.SourceProvider providers} of formats read. Each epoch has another order of the files, drawn from the seed. Their documents,
 * each followed by an end token, form one stream of tokens, which is cut into sequences of {@code seq_len + 1} tokens; the last sequence of an epoch is
 * filled with end tokens. So each token is in exactly one sequence of an epoch. Blocks of about four million tokens are shuffled, into an order drawn from
 * seed, epoch and block ({@link io.moe4j.data.StreamedSequences}). {@link io.moe4j.data.MixedSequences} takes sequences from several such sources by
 * their weights; {@link io.moe4j.data.StepBatches} gives each rank its own. With {@code batch} sequences for each rank and step, step {@code s} takes
 * {@code ranks * batch} sequences of this order, from {@code s * ranks * batch} on, and rank {@code r} takes {@code batch} of these, from
 * {@code r * batch} on. The result depends neither on threads nor on the number of processes, and no two ranks get the same sequence.
 *
 * <p>A {@link io.moe4j.data.DataPosition} is where all of this goes on, in constant size: from it, at most one block of each source is read again.
 */
@NullMarked
package io.moe4j.data;

import org.jspecify.annotations.NullMarked;
