/**
 * Files of tensors in the safetensors format: 8 bytes with the length of a JSON header, the header with names, types, shapes and positions, then the
 * data, all little-endian. Terms: {@code docs/glossary.md}.
 */
@NullMarked
package io.moe4j.safetensors;

import org.jspecify.annotations.NullMarked;
