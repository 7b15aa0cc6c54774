// Asks the Go code of a current BuildKit: a question a line, an answer a line, both as JSON.
package main

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

type images map[string]json.RawMessage

func (known images) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	config, found := known[ref]
	if !found {
		config = json.RawMessage(`{"architecture":"amd64","os":"linux","config":{"WorkingDir":"/somewhere"},"rootfs":{"type":"layers","diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000000"]}}`)
	}
	return ref, digest.FromBytes(config), config, nil
}

func convert(q question) (*llb.Definition, error) {
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	opt := dockerfile2llb.ConvertOpt{TargetPlatform: &platform, MetaResolver: images(q.Images)}
	opt.BuildPlatforms = []ocispecs.Platform{platform}
	opt.Target = q.Target
	opt.BuildArgs = q.Args
	result, err := dockerfile2llb.Dockerfile2LLB(context.Background(), []byte(q.Text), opt)
	if err != nil {
		return nil, err
	}
	return result.State.Marshal(context.Background(), llb.Platform(platform))
}

func parse(text string) (*parser.Result, []instructions.Stage, error) {
	result, err := parser.Parse(bytes.NewReader([]byte(text)))
	if err != nil {
		return nil, nil, err
	}
	stages, _, err := instructions.Parse(result.AST, linter.New(&linter.Config{}))
	return result, stages, err
}

func detectSyntax(text string) string {
	syntax, _, _, _ := parser.DetectSyntax([]byte(text))
	return syntax
}

func expand(q question) (string, []string, error) {
	lex := shell.NewLex(rune(q.Escape[0]))
	lex.SkipProcessQuotes = q.IgnoreQuotes
	env := shell.EnvsFromSlice(q.Env)
	text, _, err := lex.ProcessWord(q.Text, env)
	if err != nil {
		return "", nil, err
	}
	words, err := lex.ProcessWords(q.Text, env)
	return text, words, err
}
