/**
 * Files of tensors in the safetensors format: 8 bytes with the length of a JSON header, the header with names, types, shapes and places, then the
 * numbers, all little-endian.
 */
@NullMarked
package io.moe4j.safetensors;

import org.jspecify.annotations.NullMarked;
