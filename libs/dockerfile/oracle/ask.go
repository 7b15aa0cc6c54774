package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

type question struct {
	Ask          string
	Text         string
	Target       string
	Args         map[string]string
	Images       map[string]json.RawMessage
	Env          []string
	Escape       string
	IgnoreQuotes bool
	Paths        []string
}

// A file operation of a stage: what it copies from the build context, and where to.
type copied struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Include []string `json:"include,omitempty"`
	Exclude []string `json:"exclude,omitempty"`
}

type answer struct {
	Error  string            `json:"error,omitempty"`
	Text   string            `json:"text,omitempty"`
	Words  []string          `json:"words,omitempty"`
	Ignore []bool            `json:"ignore,omitempty"`
	Stages []map[string]any  `json:"stages,omitempty"`
	Copies []copied          `json:"copies,omitempty"`
	Mounts []string          `json:"mounts,omitempty"`
	Remote []string          `json:"remote,omitempty"`
	Local  map[string]string `json:"local,omitempty"`
}

// What the target is made from, of all that the definition holds.
func llbOf(q question) (answer, error) {
	definition, err := convert(q)
	if err != nil {
		return answer{}, err
	}
	ops := map[string]*pb.Op{}
	var all []*pb.Op
	for _, bytes := range definition.Def {
		op := &pb.Op{}
		if err := unmarshal(op, bytes); err != nil {
			return answer{}, err
		}
		ops[digestOf(bytes)] = op
		all = append(all, op)
	}
	isLocal := func(digest string) bool {
		source := ops[digest].GetSource()
		return source != nil && strings.HasPrefix(source.Identifier, "local://")
	}
	result := answer{}
	for _, op := range all {
		if source := op.GetSource(); source != nil {
			if strings.HasPrefix(source.Identifier, "local://") {
				result.Local = source.Attrs
			} else if !strings.HasPrefix(source.Identifier, "docker-image://") {
				result.Remote = append(result.Remote, source.Identifier+" "+source.Attrs["http.checksum"]+source.Attrs["git.checksum"])
			}
		}
		if exec := op.GetExec(); exec != nil {
			for _, mount := range exec.Mounts {
				if mount.Input >= 0 && isLocal(inputOf(op, int(mount.Input))) {
					result.Mounts = append(result.Mounts, mount.Selector)
				}
			}
		}
		file := op.GetFile()
		if file == nil {
			continue
		}
		for _, action := range file.Actions {
			copy := action.GetCopy()
			second := int(action.SecondaryInput)
			if copy == nil || second < 0 || second >= len(op.Inputs) || !isLocal(inputOf(op, second)) {
				continue
			}
			result.Copies = append(result.Copies, copied{copy.Src, copy.Dest, copy.IncludePatterns, copy.ExcludePatterns})
		}
	}
	return result, nil
}

// As a walk of the file system asks: a folder before what lies in it.
func ignore(q question) (answer, error) {
	patterns, err := ignorefile.ReadAll(strings.NewReader(q.Text))
	if err != nil {
		return answer{}, err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return answer{}, err
	}
	result := answer{}
	for _, path := range q.Paths {
		var info patternmatcher.MatchInfo
		matched := false
		parts := strings.Split(path, "/")
		for length := 1; length <= len(parts); length++ {
			matched, info, err = matcher.MatchesUsingParentResults(filepath.Join(parts[:length]...), info)
			if err != nil {
				return answer{}, err
			}
		}
		result.Ignore = append(result.Ignore, matched)
	}
	return result, nil
}

func stagesOf(text string) (answer, error) {
	result, stages, err := parse(text)
	if err != nil {
		return answer{}, err
	}
	reply := answer{Text: string(result.EscapeToken)}
	for _, stage := range stages {
		commands := []any{}
		for _, command := range stage.Commands {
			commands = append(commands, fieldsOf(command))
		}
		reply.Stages = append(reply.Stages, map[string]any{
			"name": stage.Name, "base": stage.BaseName, "platform": stage.Platform, "commands": commands,
		})
	}
	return reply, nil
}

func fieldsOf(command instructions.Command) map[string]any {
	fields := map[string]any{"keyword": strings.ToUpper(command.Name())}
	sources := func(given instructions.SourcesAndDest) {
		fields["sources"] = given.SourcePaths
		fields["destination"] = given.DestPath
		heredocs := []string{}
		for _, content := range given.SourceContents {
			heredocs = append(heredocs, content.Path+"\n"+content.Data)
		}
		fields["heredocs"] = heredocs
	}
	switch c := command.(type) {
	case *instructions.CopyCommand:
		sources(c.SourcesAndDest)
		fields["flags"] = []string{c.From, c.Chown, c.Chmod, fmt.Sprint(c.Link)}
	case *instructions.AddCommand:
		sources(c.SourcesAndDest)
		fields["flags"] = []string{"", c.Chown, c.Chmod, fmt.Sprint(c.Link)}
		fields["checksum"] = c.Checksum
	case *instructions.EnvCommand:
		fields["pairs"] = pairsOf(c.Env)
	case *instructions.LabelCommand:
		fields["pairs"] = pairsOf(c.Labels)
	case *instructions.ArgCommand:
		args := []string{}
		for _, arg := range c.Args {
			if arg.Value == nil {
				args = append(args, arg.Key)
			} else {
				args = append(args, arg.Key+"="+*arg.Value)
			}
		}
		fields["words"] = args
	case *instructions.RunCommand:
		fields["words"] = c.CmdLine
		files := []string{}
		for _, file := range c.Files {
			files = append(files, file.Name+"\n"+file.Data)
		}
		fields["heredocs"] = files
	case *instructions.CmdCommand:
		fields["words"] = c.CmdLine
	case *instructions.EntrypointCommand:
		fields["words"] = c.CmdLine
	case *instructions.ExposeCommand:
		fields["words"] = c.Ports
	case *instructions.VolumeCommand:
		fields["words"] = c.Volumes
	case *instructions.WorkdirCommand:
		fields["words"] = []string{c.Path}
	case *instructions.UserCommand:
		fields["words"] = []string{c.User}
	case *instructions.StopSignalCommand:
		fields["words"] = []string{c.Signal}
	}
	return fields
}

func pairsOf(pairs instructions.KeyValuePairs) []string {
	list := []string{}
	for _, pair := range pairs {
		list = append(list, pair.Key+"="+pair.Value)
	}
	return list
}

func reply(q question) (result answer, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v", fault)
		}
	}()
	switch q.Ask {
	case "llb":
		return llbOf(q)
	case "ignore":
		return ignore(q)
	case "parse":
		return stagesOf(q.Text)
	case "syntax":
		return answer{Text: detectSyntax(q.Text)}, nil
	case "expand":
		text, words, err := expand(q)
		return answer{Text: text, Words: words}, err
	}
	panic("no such question: " + q.Ask)
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	decoder := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	encoder := json.NewEncoder(out)
	for decoder.More() {
		var q question
		if err := decoder.Decode(&q); err != nil {
			panic(err)
		}
		result, err := reply(q)
		if err != nil {
			result = answer{Error: err.Error()}
			if result.Error == "" {
				result.Error = "(no words)"
			}
		}
		if err := encoder.Encode(result); err != nil {
			panic(err)
		}
	}
}
