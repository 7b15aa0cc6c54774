package main

import (
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
)

func unmarshal(op *pb.Op, bytes []byte) error { return op.UnmarshalVT(bytes) }

func digestOf(bytes []byte) string { return digest.FromBytes(bytes).String() }

func inputOf(op *pb.Op, index int) string { return op.Inputs[index].Digest }
